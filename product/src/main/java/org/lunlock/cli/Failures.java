// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** Turns what a command throws into one line on standard error and an exit status. */
final class Failures {
    private Failures() {}

    static int report(Exception e, Terminal terminal) {
        return switch (e) {
            case LunlockException failure -> {
                print(String.valueOf(failure.getMessage()), terminal);
                yield failure.exitCode().code();
            }
            case ExitStatusException end -> {
                print(String.valueOf(end.getMessage()), terminal);
                yield end.status();
            }
            default -> {
                print("a bug of lunlock (%s): please report it".formatted(e), terminal);
                e.printStackTrace();
                yield ExitCode.INTERNAL.code();
            }
        };
    }

    /** Control characters would steer the terminal; a list of errors has its own line feeds. */
    static void print(String message, Terminal terminal) {
        String clean = message.replaceAll("[\\p{Cntrl}&&[^\n]]", "?");
        terminal.line(terminal.red("lunlock:") + " " + clean);
    }

    /** The exit code with this number; of one that is not known, a bug. */
    static ExitCode exitCode(int code) {
        for (ExitCode known : ExitCode.values()) {
            if (known.code() == code) {
                return known;
            }
        }
        return ExitCode.INTERNAL;
    }
}
