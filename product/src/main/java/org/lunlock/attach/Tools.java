// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** The system's own tools, found where systems keep them and nowhere else. */
final class Tools {
    private static final System.Logger LOG = System.getLogger(Tools.class.getPackageName());

    private static final List<Path> DIRECTORIES =
            List.of(
                    Path.of("/usr/sbin"),
                    Path.of("/usr/bin"),
                    Path.of("/sbin"),
                    Path.of("/bin"),
                    Path.of("/run/current-system/sw/bin"));

    private final Exec exec;

    Tools(Exec exec) {
        this.exec = exec;
    }

    /** Runs a tool and returns how it ended, whatever that was. */
    ExecResult run(Duration timeout, String tool, String... arguments) throws LunlockException {
        List<String> argv = new ArrayList<>();
        argv.add(find(tool).toString());
        argv.addAll(List.of(arguments));
        try {
            ExecResult result = exec.run(argv, timeout);
            LOG.log(DEBUG, () -> String.join(" ", argv) + ": " + result);
            return result;
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, "cannot run %s: %s".formatted(argv, e.getMessage()), e);
        }
    }

    /** Whether this machine has it. */
    static boolean has(String tool) {
        return path(tool).isPresent();
    }

    private static Path find(String tool) throws LunlockException {
        return path(tool)
                .orElseThrow(() ->
                        new LunlockException(
                                ExitCode.CONFIGURATION,
                                ("%s is missing (looked in %s): install the package that"
                                                + " has it")
                                        .formatted(tool, DIRECTORIES)));
    }

    private static Optional<Path> path(String tool) {
        return DIRECTORIES.stream()
                .map(directory -> directory.resolve(tool))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
