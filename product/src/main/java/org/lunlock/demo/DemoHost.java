// SPDX-License-Identifier: Apache-2.0
package org.lunlock.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import tools.jackson.databind.json.JsonMapper;

/** A home of its own: as far as the target can tell, another host. */
final class DemoHost {
    static final String VOLUME = "backup";

    /** What a run says, as JSON lines, when it has the volume. */
    static final String ACQUIRED = "\"type\":\"acquired\"";

    static final String WAITING = "\"type\":\"waiting\"";
    private static final Duration STEP = Duration.ofSeconds(30);
    private static final JsonMapper JSON = new JsonMapper();

    private final String name;
    private final Path directory;
    private final Path home;
    private final List<String> lunlock;
    private final String mountPoint;

    /**
     * @param lunlock how the command line is started
     */
    DemoHost(String name, Path directory, List<String> lunlock) {
        this.name = name;
        this.directory = directory;
        this.home = directory.resolve("host-" + name.toLowerCase(Locale.ROOT));
        this.lunlock = lunlock;
        this.mountPoint = home.resolve("run/mnt").resolve(VOLUME).toString();
    }

    String name() {
        return name;
    }

    /** Adds the volume to the host's configuration, with a term that suits impatient people. */
    void configure(DemoTarget target, String user, String secret, Duration term)
            throws LunlockException {
        try {
            var onlyOurs =
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------"));
            Files.createDirectory(home, onlyOurs);
            Path config = home.resolve("lunlock.toml");
            Path secretFile = home.resolve("chap-secret");
            for (Path file : List.of(config, secretFile)) {
                Files.createFile(
                        file,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
            }
            Files.writeString(secretFile, secret + "\n");
            Files.writeString(config, "[initiator]\nterm = \"" + term.toSeconds() + "s\"\n");
            start(
                            "volume",
                            "add",
                            VOLUME,
                            target.url(),
                            "--chap-user",
                            user,
                            "--chap-secret-file",
                            secretFile.toString())
                    .succeed(STEP);
        } catch (IOException e) {
            throw new LunlockException(ExitCode.IO, "cannot make " + home, e);
        }
    }

    /** Starts {@code lunlock run OPTIONS backup -- COMMAND}. */
    Program run(List<String> options, String... command) throws LunlockException {
        List<String> words = new ArrayList<>(List.of("--json", "run"));
        words.addAll(options);
        words.add(VOLUME);
        words.add("--");
        words.addAll(List.of(command));
        return start(words.toArray(String[]::new));
    }

    Program start(String... arguments) throws LunlockException {
        List<String> command = new ArrayList<>(lunlock);
        command.addAll(List.of("--home", home.toString()));
        command.addAll(List.of(arguments));
        return Program.start(directory, Map.of(), command);
    }

    /** Whether the kernel has the volume mounted for this host. */
    boolean isMounted() throws LunlockException {
        try {
            return Files.readString(Path.of("/proc/self/mounts")).contains(mountPoint);
        } catch (IOException e) {
            throw new LunlockException(ExitCode.IO, "cannot read /proc/self/mounts", e);
        }
    }

    /** The process id of the host's daemon; null when none runs. */
    @Nullable Long daemonPid() throws LunlockException {
        Program status = start("daemon", "status", "--json");
        return status.await(STEP) == 0 ? JSON.readTree(status.output()).path("pid").asLong() : null;
    }

    void stopDaemon() throws LunlockException {
        start("daemon", "stop", "--force").await(STEP);
    }
}
