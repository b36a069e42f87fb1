// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lunlock.testkit.FakeLunlock;

/** The program in processes of its own: a launcher in a directory that stands for the network. */
final class LunlockProcess {
    private static final Duration DEADLINE = Duration.ofSeconds(60);

    private final Path directory;
    private final Path launcher;

    /** A command that runs, with its output in files. */
    record Running(Process process, Path output, Path error) {
        String out() throws IOException {
            return Files.readString(output);
        }

        String err() throws IOException {
            return Files.readString(error);
        }

        int exitStatus() throws Exception {
            assertThat(process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS))
                    .as("it ends")
                    .isTrue();
            return process.exitValue();
        }
    }

    /**
     * @param directory where the homes are, each of them a host
     */
    LunlockProcess(Path directory) throws IOException {
        this.directory = directory;
        this.launcher = directory.resolve("lunlock");
        String classPath =
                Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                        .map(entry -> new File(entry).getAbsolutePath())
                        .collect(Collectors.joining(File.pathSeparator));
        Files.writeString(
                launcher,
                """
                #!/bin/sh
                export %s='%s'
                exec '%s/bin/java' -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \
                --enable-native-access=ALL-UNNAMED -Dlunlock.launcher='%s' -cp '%s' %s "$@"
                """
                        .formatted(
                                FakeLunlock.TARGET,
                                directory,
                                System.getProperty("java.home"),
                                launcher,
                                classPath,
                                FakeLunlock.class.getName()));
        Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwx------"));
    }

    Path launcher() {
        return launcher;
    }

    /** Starts a command on a host. */
    Running start(String host, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(launcher.toString(), "--home"));
        command.add(directory.resolve(host).toString());
        command.addAll(List.of(words));
        Path output = Files.createTempFile(directory, "output", "");
        Path error = Files.createTempFile(directory, "error", "");
        Process process =
                new ProcessBuilder(command)
                        .redirectOutput(output.toFile())
                        .redirectError(error.toFile())
                        .start();
        return new Running(process, output, error);
    }

    /** Runs a command on a host to its end. */
    Running run(String host, String... words) throws Exception {
        Running running = start(host, words);
        int _ = running.exitStatus();
        return running;
    }

    /** The pid of a host's daemon, without asking it. */
    long daemonPid(String host) throws Exception {
        String log = Files.readString(directory.resolve(host).resolve("state/daemon.log"));
        String started = log.lines().filter(it -> it.contains(" starts (pid ")).toList().getLast();
        return Long.parseLong(started.replaceFirst(".*\\(pid ([0-9]+)\\).*", "$1"));
    }

    String log(String host) throws IOException {
        return Files.readString(directory.resolve(host).resolve("state/daemon.log"));
    }

    /** Ends the daemons of all hosts. */
    void stopDaemons() throws Exception {
        try (Stream<Path> homes = Files.list(directory)) {
            for (Path home : homes.filter(it -> Files.exists(it.resolve("run"))).toList()) {
                int _ =
                        run(home.getFileName().toString(), "daemon", "stop", "--force")
                                .process()
                                .exitValue();
            }
        }
    }
}
