// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unlock}. */
@Command(
        name = "unlock",
        header = "Take a volume's lock away from another host.",
        description = {
            "For a holder that lives but should not have the volume any more: a dead one loses it by"
                    + " itself. The target refuses the holder's writes from then on; what it had not"
                    + " flushed is lost, and its command is ended.",
        })
final class UnlockCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "VOLUME", description = "The volume.")
    private String volume = "";

    @Option(
            names = "--force",
            description = "Do it; without, nothing is done but to say who has it.")
    private boolean force;

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            description = "Why, for the log and the lock server's history.")
    private @Nullable String reason;

    UnlockCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        String why = reason;
        if (!force || why == null || why.isBlank()) {
            throw new LunlockException(
                    ExitCode.USAGE,
                    "unlock takes %s away from a host that may be writing to it: see 'lunlock locks',"
                                    .formatted(volume)
                            + " then use --force and --reason TEXT");
        }
        Asker asker = new Asker(ProcessHandle.current().pid(), null);
        Request.Unlock request = new Request.Unlock(volume, why.strip(), asker);
        return Results.print(globals, request, Result.Unlocked.class, this::print);
    }

    private void print(Result.Unlocked unlocked, Terminal output) {
        LockStatus before = unlocked.before();
        output.line(
                before.isFree()
                        ? volume + " is free: nothing was taken away"
                        : "%s was taken away from %s, and is free"
                                .formatted(volume, before.describeHolders()));
        String failure = unlocked.serverFailure();
        if (failure != null) {
            output.line(output.red("the lock server was not told: " + failure));
        }
    }
}
