// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.lunlock.bench.Workload;
import org.lunlock.config.Durations;
import org.lunlock.config.Fsck;
import org.lunlock.config.Suggest;
import org.lunlock.daemon.api.ScsiQuestion;
import org.lunlock.volume.Volumes;
import picocli.CommandLine;
import picocli.CommandLine.TypeConversionException;

/** The commands: makes them, runs one, and turns what it throws into a line and an exit code. */
final class Commands {
    /** In the order of the help. */
    static final List<String> NAMES =
            List.of(
                    "run",
                    "lock",
                    "mount",
                    "unmount",
                    "attach",
                    "detach",
                    "export",
                    "status",
                    "locks",
                    "unlock",
                    "volume",
                    "discover",
                    "scsi",
                    "bench",
                    "doctor",
                    "daemon",
                    "lockserver",
                    "demo",
                    "help");

    private static final Set<String> HELP = Set.of("-h", "--help");
    private static final String ALIAS_OF_UNMOUNT = "umount";

    private Commands() {}

    static int execute(Volumes.Opener opener, String... args) {
        return commandLine(opener, args).execute(args);
    }

    /** Knows only the commands whose names are among the words: each takes time to make. */
    static CommandLine commandLine(Volumes.Opener opener, String... words) {
        Globals globals = new Globals();
        CommandLine lunlock = new CommandLine(globals);
        List<String> asked = Arrays.asList(words);
        List<String> named =
                NAMES.stream()
                        .filter(it ->
                                asked.contains(it)
                                        || it.equals("unmount") && asked.contains(ALIAS_OF_UNMOUNT))
                        .toList();
        boolean all = named.isEmpty() || named.contains("help") || HELP.contains(words[0]);
        for (String name : all ? NAMES : named) {
            lunlock.addSubcommand(command(name, globals, opener));
        }
        lunlock.registerConverter(Duration.class, Commands::duration);
        lunlock.registerConverter(Fsck.class, text -> oneOf(Fsck.values(), text));
        lunlock.registerConverter(ScsiQuestion.class, text -> oneOf(ScsiQuestion.values(), text));
        lunlock.registerConverter(
                Workload.Pattern.class, text -> oneOf(Workload.Pattern.values(), text));
        HelpFormat.apply(lunlock);
        lunlock.setExecutionExceptionHandler(
                (e, _, _) -> Failures.report(e, Terminal.standardError(globals)));
        lunlock.setParameterExceptionHandler(
                (e, _) -> UsageErrors.report(e, Terminal.standardError(globals)));
        return lunlock;
    }

    private static Object command(String name, Globals globals, Volumes.Opener opener) {
        return switch (name) {
            case "run" -> new RunCommand(globals);
            case "lock" -> new LockCommand(globals);
            case "mount" -> new MountCommand(globals);
            case "unmount" -> new UnmountCommand(globals);
            case "attach" -> new AttachCommand(globals);
            case "detach" -> new DetachCommand(globals);
            case "export" -> new ExportCommand(globals);
            case "status" -> new StatusCommand(globals);
            case "locks" -> new LocksCommand(globals);
            case "unlock" -> new UnlockCommand(globals);
            case "volume" -> volume(globals);
            case "discover" -> new DiscoverCommand(globals);
            case "scsi" -> new ScsiCommand(globals);
            case "bench" -> new BenchCommand(globals);
            case "doctor" -> new DoctorCommand(globals);
            case "lockserver" -> lockServer(globals);
            case "daemon" -> new DaemonCommand(globals, opener);
            case "demo" -> new DemoCommand(globals);
            case "help" -> new HelpCommand();
            default -> throw new IllegalStateException("no command is called " + name);
        };
    }

    private static CommandLine volume(Globals globals) {
        return new CommandLine(new VolumeCommand(globals))
                .addSubcommand(new VolumeImportCommand(globals));
    }

    private static CommandLine lockServer(Globals globals) {
        LockServerCommand server = new LockServerCommand(globals);
        return new CommandLine(server).addSubcommand(new LockServerTokenCommand(globals, server));
    }

    private static Duration duration(String text) {
        try {
            return Durations.parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }

    private static <E extends Enum<E>> E oneOf(E[] values, String text) {
        for (E known : values) {
            if (known.toString().equals(text)) {
                return known;
            }
        }
        List<String> known = Stream.of(values).map(it -> it.toString()).toList();
        throw new TypeConversionException(
                Suggest.nearest(text, known)
                        .map(near -> "'%s', did you mean '%s'?".formatted(text, near))
                        .orElse("'" + text + "' is none of " + String.join(", ", known)));
    }
}
