// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Wire;

/** Asks the daemon and prints what it answers. */
final class Results {
    private Results() {}

    /** What prints a result for people. */
    @FunctionalInterface
    interface Printer<T extends Result> {
        void print(T result, Terminal output);
    }

    /** For requests that have nothing to say when they are met. */
    static int done(Globals globals, Request request) throws LunlockException {
        return print(globals, request, Result.Done.class, (_, _) -> {});
    }

    /** Prints the result as JSON, or with the printer. */
    static <T extends Result> int print(
            Globals globals, Request request, Class<T> type, Printer<T> printer)
            throws LunlockException {
        Result result = DaemonClient.ask(globals, request, _ -> {});
        Terminal output = Terminal.standardOutput(globals);
        if (globals.json()) {
            output.line(Wire.json(result));
        } else {
            printer.print(type.cast(result), output);
        }
        return ExitCode.OK.code();
    }
}
