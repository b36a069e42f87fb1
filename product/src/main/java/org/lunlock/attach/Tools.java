// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
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
    private final List<Path> directories;

    Tools(Exec exec) {
        this(exec, DIRECTORIES);
    }

    /** Those of another system, for tests. */
    Tools(Exec exec, List<Path> directories) {
        this.exec = exec;
        this.directories = directories;
    }

    /** Whether this machine has a tool. */
    boolean has(String tool) {
        return directories.stream().anyMatch(it -> Files.isExecutable(it.resolve(tool)));
    }

    /** Runs a tool and returns how it ended, whatever that was. */
    ExecResult run(Duration timeout, String tool, String... arguments) throws LunlockException {
        List<String> argv = argv(tool, arguments);
        try {
            ExecResult result = exec.run(argv, timeout);
            LOG.log(DEBUG, () -> String.join(" ", argv) + ": " + result);
            return result;
        } catch (IOException e) {
            throw cannotRun(argv, e);
        }
    }

    /** Starts a tool that runs until it is told to end. */
    Exec.Running start(String tool, String... arguments) throws LunlockException {
        List<String> argv = argv(tool, arguments);
        try {
            return exec.start(argv);
        } catch (IOException e) {
            throw cannotRun(argv, e);
        }
    }

    private List<String> argv(String tool, String... arguments) throws LunlockException {
        List<String> argv = new ArrayList<>();
        argv.add(find(tool).toString());
        argv.addAll(List.of(arguments));
        return argv;
    }

    private static LunlockException cannotRun(List<String> argv, IOException e) {
        return new LunlockException(
                ExitCode.IO, "cannot run %s: %s".formatted(argv, e.getMessage()), e);
    }

    private Path find(String tool) throws LunlockException {
        for (Path directory : directories) {
            Path path = directory.resolve(tool);
            if (Files.isExecutable(path)) {
                return path;
            }
        }
        throw new LunlockException(
                ExitCode.CONFIGURATION,
                "%s is missing (looked in %s): install the package that has it"
                        .formatted(tool, directories));
    }
}
