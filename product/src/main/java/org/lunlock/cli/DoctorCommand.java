// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Wire;
import org.lunlock.volume.Doctor;
import org.lunlock.volume.Finding;
import org.lunlock.volume.Finding.Verdict;
import org.lunlock.volume.Recording;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code doctor}. */
@Command(
        name = "doctor",
        header =
                "Say what this host can do, and a volume's target; takes no lock, changes nothing.")
final class DoctorCommand implements Callable<Integer> {
    /** Held, because a logger that nobody holds forgets its level. */
    private static final Logger OURS = Logger.getLogger("org.lunlock");

    private final Globals globals;

    @Parameters(
            paramLabel = "VOLUME|URL",
            arity = "0..1",
            description = "A volume, or iscsi://host/target-name/lun; else the host alone.")
    private @Nullable String volumeOrUrl;

    DoctorCommand(Globals globals) {
        this.globals = globals;
    }

    /** Ends with CONFIGURATION when something is missing, or as the target could not be asked. */
    @Override
    public Integer call() throws LunlockException {
        OURS.setLevel(globals.verbose() ? Level.INFO : Level.WARNING);
        List<Finding> host = Doctor.host();
        List<Finding> target = new ArrayList<>();
        String asked = volumeOrUrl;
        LunlockException failure = null;
        if (asked != null) {
            Secrets.warnIfIn(asked, globals);
            try (Recording _ = Recording.start(globals.trace())) {
                target.addAll(Doctor.target(globals.home(), asked, globals.timeout()));
            } catch (LunlockException e) {
                failure = e; // what was found of the host is said first
            }
        }
        print(host, target);
        if (failure != null) {
            throw failure;
        }
        host = new ArrayList<>(host);
        host.addAll(target);
        boolean missing = host.stream().anyMatch(it -> it.verdict() == Verdict.MISSING);
        return (missing ? ExitCode.CONFIGURATION : ExitCode.OK).code();
    }

    private void print(List<Finding> host, List<Finding> target) {
        Terminal output = Terminal.standardOutput(globals);
        if (globals.json()) {
            Map<String, Object> document = new LinkedHashMap<>();
            document.put("host", host.stream().map(Finding::describe).toList());
            if (volumeOrUrl != null) {
                document.put("target", target.stream().map(Finding::describe).toList());
            }
            output.line(Wire.json(document));
            return;
        }
        Table table = new Table("", "", "");
        host.forEach(finding -> row(table, "host", finding, output));
        target.forEach(finding -> row(table, "target", finding, output));
        table.print(output);
    }

    private static void row(Table table, String whose, Finding finding, Terminal output) {
        String remedy = finding.remedy();
        table.row(
                output.verdict(finding.verdict()),
                whose + ": " + finding.what(),
                finding.detail() + (remedy == null ? "" : ": " + remedy));
    }
}
