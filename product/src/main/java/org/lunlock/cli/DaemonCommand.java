// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import java.util.stream.Stream;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import org.lunlock.daemon.DaemonMain;
import org.lunlock.daemon.api.Elapsed;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Wire;
import org.lunlock.posix.ControllingTerminal;
import org.lunlock.volume.Volumes;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code daemon}: the process that holds this host's volumes. */
@Command(
        name = "daemon",
        header = "Start, stop and look at the process that holds this host's volumes.",
        description = "Commands start it when they need it.",
        synopsisSubcommandLabel = "COMMAND")
final class DaemonCommand implements Runnable {
    /** Between the answer to a request to stop and the end of the process. */
    private static final Duration GONE_WITHIN = Duration.ofSeconds(10);

    private final Globals globals;
    private final Volumes.Opener opener;

    @Spec private CommandSpec spec = CommandSpec.create();

    DaemonCommand(Globals globals, Volumes.Opener opener) {
        this.globals = globals;
        this.opener = opener;
    }

    /** Without a command, shows what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }

    @Command(name = "run", header = "Be the daemon, until SIGTERM: for service managers.")
    int serve(@Option(names = "--detached", hidden = true) boolean detached)
            throws LunlockException {
        if (detached) {
            ControllingTerminal.leave();
        }
        DaemonMain.run(
                globals.home(),
                detached ? DaemonMain.Manner.DETACHED : DaemonMain.Manner.FOREGROUND,
                globals.verbose(),
                globals.trace(),
                opener);
        return ExitCode.OK.code();
    }

    @Command(name = "start", header = "Start the daemon, unless it runs.")
    int start() throws LunlockException {
        return Results.print(
                globals,
                new Request.Daemon(),
                Result.DaemonReport.class,
                (report, output) -> output.line("the daemon runs (pid " + report.pid() + ")"));
    }

    @Command(name = "stop", header = "End what runs, give everything back, and stop the daemon.")
    int stop(
            @Option(
                            names = "--force",
                            description =
                                    "Also what is in use still: what uses it sees I/O errors.")
                    boolean force)
            throws LunlockException {
        DaemonClient daemon = DaemonClient.sendIfRunning(globals, new Request.Stop(force));
        if (daemon == null) {
            return done("no daemon runs");
        }
        try (daemon) {
            Result _ = daemon.result(_ -> {});
            if (!daemon.endsWithin(GONE_WITHIN)) {
                throw new LunlockException(
                        ExitCode.INTERNAL,
                        "the daemon gave everything back but does not end (%s): kill it"
                                .formatted(globals.home().logFile()));
            }
        }
        return done("the daemon is stopped");
    }

    private int done(String text) {
        Terminal.standardOutput(globals).line(globals.json() ? Wire.json(new Result.Done()) : text);
        return ExitCode.OK.code();
    }

    @Command(name = "status", header = "Show whether the daemon runs, and where its files are.")
    int status() throws LunlockException {
        Home home = globals.home();
        try (DaemonClient daemon = DaemonClient.sendIfRunning(globals, new Request.Daemon())) {
            if (daemon == null) {
                throw new LunlockException(
                        ExitCode.UNREACHABLE,
                        "no daemon runs (%s): commands start it when they need it"
                                .formatted(home.socket()));
            }
            Result result = daemon.result(_ -> {});
            Terminal output = Terminal.standardOutput(globals);
            if (globals.json()) {
                output.line(Wire.json(result));
            } else if (result instanceof Result.DaemonReport report) {
                Table.print(output, pairs(report));
            }
            return ExitCode.OK.code();
        }
    }

    private static Stream<String[]> pairs(Result.DaemonReport report) {
        return Stream.of(
                new String[] {"daemon", "runs for " + Elapsed.since(report.since())},
                new String[] {"pid", Long.toString(report.pid())},
                new String[] {"version", report.version()},
                new String[] {"configuration", report.configuration()},
                new String[] {"socket", report.socket()},
                new String[] {"log", report.log()});
    }
}
