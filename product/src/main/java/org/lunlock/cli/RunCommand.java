// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.Request;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code run}: the whole procedure in one command. */
@Command(
        name = "run",
        header = "Run a command with the volume mounted, and give the volume back afterwards.",
        customSynopsis = "lunlock run VOLUME [OPTIONS] -- CMD...",
        description = {
            "Waits until no other host has the volume. In CMD, {} and {mountpoint} stand for the"
                    + " mount point and {device} for the device; LUNLOCK_MOUNTPOINT,"
                    + " LUNLOCK_DEVICE, LUNLOCK_VOLUME and LUNLOCK_TOKEN are in its environment."
                    + " Ends with the exit code of CMD. If the lock is lost, CMD and all it started"
                    + " are ended, and the exit code is 79.",
        })
final class RunCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(index = "0", paramLabel = "VOLUME", description = "The volume.")
    private String volume = "";

    @Parameters(
            index = "1..*",
            arity = "1..*",
            paramLabel = "CMD",
            description = "The command and its arguments, after --.")
    private List<String> command = List.of();

    @Option(names = "--no-mount", description = "Only the device: for mkfs, fsck and whole images.")
    private boolean noMount;

    @Mixin private final FsckOption fsck = new FsckOption();

    @Mixin private final AcquireOptions options = new AcquireOptions();

    RunCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException, ExitStatusException {
        CommandWords words = CommandWords.of(command);
        if (noMount && words.needMountPoint()) {
            throw new LunlockException(
                    ExitCode.USAGE,
                    "there is no mount point with --no-mount (run): use {device} instead of {}");
        }
        @Nullable Long wait = options.waitMillis();
        Asker asker = new Asker(ProcessHandle.current().pid(), words.shown());
        Request.Run request =
                new Request.Run(
                        volume,
                        options.readOnly(),
                        !noMount,
                        wait,
                        asker,
                        options.choice(fsck.when()));
        return new RunSession(globals, request, words).run();
    }
}
