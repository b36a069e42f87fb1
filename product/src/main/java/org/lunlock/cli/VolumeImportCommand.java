// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.ConfigEditor;
import org.lunlock.config.Configuration;
import org.lunlock.config.ImportFile;
import org.lunlock.config.ImportedVolume;
import org.lunlock.config.VolumeConfig;
import org.lunlock.daemon.api.Wire;
import org.lunlock.iscsi.IscsiUrl;
import org.lunlock.iscsi.Lun;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code volume import}: the volumes that another initiator of this machine knows. */
@Command(
        name = "import",
        header = "Add the volumes that open-iscsi knows, or those of a list of URLs.",
        description = {
            "FILE is a node record, what iscsiadm -m node -S -o show printed, a directory of",
            "records such as /etc/iscsi/nodes, or a file with an iSCSI URL in each line.",
            "Addresses, CHAP, digests and time-outs are taken over. A volume is called like",
            "the end of its target's name. What is there already stays as it is."
        })
final class VolumeImportCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Where it is written down.")
    private List<Path> files = List.of();

    @Option(
            names = "--lun",
            paramLabel = "N",
            defaultValue = "0",
            description = "Logical unit of node records, which do not name any (default: 0).")
    private int lun;

    @Option(
            names = "--no-identity",
            description = "Do not ask the targets which logical units these are.")
    private boolean noIdentity;

    VolumeImportCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        List<ImportedVolume> found = new ArrayList<>();
        for (Path file : files) {
            found.addAll(ImportFile.read(file, lun()));
        }
        Map<String, IscsiUrl> known = new LinkedHashMap<>();
        configured().forEach((name, volume) -> known.put(name, volume.url()));
        ConfigEditor editor = new ConfigEditor(globals.home());
        Terminal error = Terminal.standardError(globals);
        List<String> added = new ArrayList<>();
        for (ImportedVolume volume : found) {
            String same = same(volume.url(), known);
            if (same != null) {
                error.line("%s is there already: %s".formatted(volume.url(), same));
                continue;
            }
            String name = free(volume.name(), known.keySet());
            editor.add(name, volume.settings());
            volume.remarks().forEach(it -> error.line("warning: %s: %s".formatted(name, it)));
            if (!noIdentity) {
                new IdentityRecorder(globals, editor).record(name);
            }
            known.put(name, volume.url());
            added.add(name);
        }
        print(added.stream().map(configured()::get).toList());
        return ExitCode.OK.code();
    }

    private Lun lun() throws LunlockException {
        if (lun < 0 || lun > Lun.MAX) {
            throw new LunlockException(
                    ExitCode.USAGE, "a LUN is 0 to %d (--lun %d)".formatted(Lun.MAX, lun));
        }
        return new Lun(lun);
    }

    private Map<String, VolumeConfig> configured() throws LunlockException {
        return Configuration.load(globals.home().configFile()).volumes();
    }

    /** By any portal: one volume of it is enough, and two would be in each other's way. */
    private static @Nullable String same(IscsiUrl url, Map<String, IscsiUrl> known) {
        for (Map.Entry<String, IscsiUrl> it : known.entrySet()) {
            IscsiUrl other = it.getValue();
            if (other.target().equals(url.target()) && other.lun().equals(url.lun())) {
                return it.getKey();
            }
        }
        return null;
    }

    private static String free(String name, Set<String> taken) {
        Set<String> inAnyCase = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
        inAnyCase.addAll(taken);
        String free = name;
        for (int i = 2; inAnyCase.contains(free); i++) {
            free = name + "-" + i;
        }
        return free;
    }

    private void print(List<VolumeConfig> added) {
        Terminal output = Terminal.standardOutput(globals);
        if (globals.json()) {
            output.line(
                    Wire.json(
                            Map.of("added", added.stream().map(VolumeConfig::describe).toList())));
        } else if (!added.isEmpty()) {
            Table table = new Table("ADDED", "URL");
            added.forEach(it -> table.row(output.bold(it.name()), it.url().toString()));
            table.print(output);
        }
    }
}
