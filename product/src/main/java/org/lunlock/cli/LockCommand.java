// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.Request;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code lock}. */
@Command(
        name = "lock",
        header = "Run a command while no other host does so under the same name.",
        customSynopsis = "lunlock lock NAME [OPTIONS] -- CMD...",
        description = {
            "Like flock(1) for many hosts: a lock at the lock server, without a volume. LUNLOCK_TOKEN"
                    + " in CMD's environment grows from holder to holder. When the lock server is"
                    + " silent for half a minute, CMD and all it started are ended, before another"
                    + " host can have the lock; the exit code is 79 then.",
        })
final class LockCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(index = "0", paramLabel = "NAME", description = "The lock.")
    private String name = "";

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "CMD",
            description = "The command and its arguments, after --.")
    private List<String> command = List.of();

    @Mixin private final WaitOptions waiting = new WaitOptions();

    LockCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException, ExitStatusException {
        CommandWords words = CommandWords.of(command);
        Asker asker = new Asker(ProcessHandle.current().pid(), words.shown());
        Request.Lock request = new Request.Lock(name, waiting.millis(), asker);
        return new RunSession(globals, request, words).run();
    }
}
