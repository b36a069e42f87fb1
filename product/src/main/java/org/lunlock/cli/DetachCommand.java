// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.concurrent.Callable;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Request;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code detach}. */
@Command(
        name = "detach",
        header = "Take a volume's device away, write out everything, and give its lock back.")
final class DetachCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "VOLUME", description = "The volume.")
    private String volume = "";

    @Option(
            names = "--force",
            description = "Also if it is in use: what uses it is ended or sees I/O errors.")
    private boolean force;

    DetachCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        return Results.done(globals, new Request.Detach(volume, force));
    }
}
