// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.concurrent.Callable;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.Request;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code attach}. */
@Command(
        name = "attach",
        header = "Take a volume's lock and make a device of it; prints which. Stays until detach.")
final class AttachCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "VOLUME", description = "The volume.")
    private String volume = "";

    @Mixin private final AcquireOptions options = new AcquireOptions();

    AttachCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        Asker asker = new Asker(ProcessHandle.current().pid(), null);
        return Acquiring.run(
                globals,
                new Request.Attach(
                        volume, options.readOnly(), options.waitMillis(), asker, options.choice()));
    }
}
