// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Wire;

/** Takes a volume and leaves it held: what mount and attach have in common. */
final class Acquiring {
    private Acquiring() {}

    static int run(Globals globals, Request.Acquire request) throws LunlockException {
        AcquireDisplay display = new AcquireDisplay(globals, request);
        Terminal output = Terminal.standardOutput(globals);
        try {
            Result _ =
                    DaemonClient.ask(
                            globals,
                            request,
                            event -> {
                                if (event instanceof Event.Acquired acquired) {
                                    display.end();
                                    output.line(text(acquired, globals.json()));
                                } else {
                                    display.show(event);
                                }
                            });
            return ExitCode.OK.code();
        } finally {
            display.end();
        }
    }

    private static String text(Event.Acquired acquired, boolean json) {
        if (json) {
            return Wire.json(acquired);
        }
        String mountPoint = acquired.mountPoint();
        return mountPoint == null ? acquired.device() : mountPoint;
    }
}
