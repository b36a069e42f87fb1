// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.demo.Demo;
import picocli.CommandLine.Command;

/** Shows two hosts taking turns, on this machine. */
@Command(
        name = "demo",
        header = "Show two hosts taking turns on one volume, on this machine.",
        description =
                "Starts an iSCSI target on a private port, lets two hosts run rsync on one volume,"
                        + " kills one of them, checks that nothing was lost, and removes"
                        + " everything again. Needs root.")
final class DemoCommand implements Callable<Integer> {
    private final Globals globals;

    DemoCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        String launcher = System.getProperty("lunlock.launcher", "");
        if (launcher.isEmpty()) {
            throw new LunlockException(
                    ExitCode.USAGE, "the demo starts lunlock itself: run it as ./lunlock demo");
        }
        boolean styled = Terminal.standardOutput(globals).styled();
        return Demo.run(styled, Path.of(launcher)) ? ExitCode.OK.code() : ExitCode.INTERNAL.code();
    }
}
