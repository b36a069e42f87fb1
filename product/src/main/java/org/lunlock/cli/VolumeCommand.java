// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.ConfigEditor;
import org.lunlock.config.Configuration;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.Wire;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code volume}: the volumes of the configuration. */
@Command(
        name = "volume",
        header = "Add, list, show and remove volumes in the configuration.",
        synopsisSubcommandLabel = "COMMAND")
final class VolumeCommand implements Runnable {
    private final Globals globals;

    @Spec private CommandSpec spec = CommandSpec.create();

    VolumeCommand(Globals globals) {
        this.globals = globals;
    }

    /** Without a command, shows what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }

    @Command(name = "add", header = "Add a volume to the configuration.")
    int add(
            @Parameters(paramLabel = "NAME", description = "What it is called from now on.")
                    String name,
            @Parameters(
                            paramLabel = "URL",
                            description = "iscsi://[user@]host[:port]/target-name/lun")
                    String url,
            @Mixin VolumeOptions options)
            throws LunlockException {
        Secrets.warnIfIn(url, globals);
        options.warn(globals);
        ConfigEditor editor = new ConfigEditor(globals.home());
        editor.add(name, options.settings(url));
        if (options.recordsIdentity()) {
            new IdentityRecorder(globals, editor).record(name);
        }
        Terminal output = Terminal.standardOutput(globals);
        if (globals.json()) {
            output.line(Wire.json(volume(name).describe()));
        } else {
            output.line(
                    "%s is in %s: try lunlock scsi inquiry %s"
                            .formatted(name, globals.home().configFile(), name));
        }
        return ExitCode.OK.code();
    }

    @Command(name = "list", header = "List the volumes of the configuration.")
    int list() throws LunlockException {
        Map<String, VolumeConfig> volumes =
                Configuration.load(globals.home().configFile()).volumes();
        Terminal output = Terminal.standardOutput(globals);
        if (globals.json()) {
            List<Map<String, Object>> all =
                    volumes.values().stream().map(VolumeConfig::describe).toList();
            output.line(Wire.json(Map.of("volumes", all)));
        } else if (volumes.isEmpty()) {
            output.line("no volumes yet: lunlock volume add NAME iscsi://host/target-name/lun");
        } else {
            Table table = new Table("VOLUME", "URL", "MOUNTED ON");
            volumes.values()
                    .forEach(volume ->
                            table.row(
                                    output.bold(volume.name()),
                                    volume.url().toString(),
                                    mountPoint(volume)));
            table.print(output);
        }
        return ExitCode.OK.code();
    }

    private static String mountPoint(VolumeConfig volume) {
        return volume.mount().point() == null ? "" : volume.mount().point().toString();
    }

    @Command(name = "show", header = "Show every setting of a volume; secrets are not shown.")
    int show(@Parameters(paramLabel = "NAME", description = "The volume.") String name)
            throws LunlockException {
        Map<String, Object> settings = volume(name).describe();
        Terminal output = Terminal.standardOutput(globals);
        if (globals.json()) {
            output.line(Wire.json(settings));
        } else {
            Table.print(
                    output,
                    settings.entrySet().stream()
                            .map(it -> new String[] {it.getKey(), text(it.getValue())}));
        }
        return ExitCode.OK.code();
    }

    private static String text(@Nullable Object value) {
        return value instanceof List<?> list
                ? String.join(" ", list.stream().map(String::valueOf).toList())
                : String.valueOf(value);
    }

    @Command(name = "remove", header = "Remove a volume from the configuration.")
    int remove(@Parameters(paramLabel = "NAME", description = "The volume.") String name)
            throws LunlockException {
        new ConfigEditor(globals.home()).remove(name);
        Terminal output = Terminal.standardOutput(globals);
        output.line(
                globals.json()
                        ? Wire.json(new LinkedHashMap<>(Map.of("removed", name)))
                        : name + " is removed from " + globals.home().configFile());
        return ExitCode.OK.code();
    }

    private VolumeConfig volume(String name) throws LunlockException {
        return Configuration.load(globals.home().configFile()).volume(name);
    }
}
