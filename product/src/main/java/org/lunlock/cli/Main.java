// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import org.lunlock.ExitCode;
import org.lunlock.daemon.api.Version;
import org.lunlock.posix.ControllingTerminal;
import org.lunlock.posix.Signals;
import org.lunlock.volume.TargetVolumes;
import org.lunlock.volume.Volumes;

/** Where the program begins. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        exit(run(TargetVolumes::open, args));
    }

    /**
     * Runs one command.
     *
     * @param opener makes the daemon's volumes, in the one command that is the daemon
     * @return the exit status of the process
     */
    public static int run(Volumes.Opener opener, String... args) {
        if (args.length == 1 && args[0].equals("--version")) {
            System.out.println("lunlock " + Version.CURRENT); // scripts ask: load nothing else
            return ExitCode.OK.code();
        }
        return Commands.execute(opener, args);
    }

    /** Ends the process with this status; with that of Ctrl-C, as Ctrl-C does. */
    public static void exit(int status) {
        if (status == Signals.EXIT_STATUS_BASE + Signals.INT) {
            System.out.flush();
            System.err.flush();
            ControllingTerminal.dieOf(Signals.INT);
        }
        System.exit(status);
    }
}
