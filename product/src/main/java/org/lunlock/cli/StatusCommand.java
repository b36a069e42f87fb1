// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Wire;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code status}. */
@Command(name = "status", header = "Show what this host holds, and who holds the rest.")
final class StatusCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(arity = "0..1", paramLabel = "VOLUME", description = "Only this one, in detail.")
    private @Nullable String volume;

    @Option(names = "--watch", description = "Again every second, with rates, until Ctrl-C.")
    private boolean watch;

    StatusCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        StatusPrinter printer = new StatusPrinter(Terminal.standardOutput(globals), volume != null);
        Result last =
                DaemonClient.ask(
                        globals,
                        new Request.Status(volume, watch),
                        event -> {
                            if (event instanceof Event.Snapshot(Result.StatusReport status)) {
                                show(printer, status);
                            }
                        });
        if (last instanceof Result.StatusReport status) {
            show(printer, status);
        }
        return ExitCode.OK.code();
    }

    private void show(StatusPrinter printer, Result.StatusReport status) {
        if (globals.json()) {
            Terminal.standardOutput(globals).line(Wire.json(status));
        } else if (watch) {
            printer.printAgain(status);
        } else {
            printer.print(status);
        }
    }
}
