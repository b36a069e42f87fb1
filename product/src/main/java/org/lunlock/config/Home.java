// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * Where one host's things are. Two homes on one machine are two hosts.
 *
 * <p>The XDG variables are not followed: a terminal, cron and a service must find the same daemon,
 * and they do not have the same environment.
 *
 * @param configFile lunlock.toml; need not exist
 * @param stateDirectory what must outlive a reboot
 * @param runtimeDirectory what need not: the socket, FUSE files, default mount points
 */
public record Home(Path configFile, Path stateDirectory, Path runtimeDirectory) {
    /** Names a directory that holds configuration, state and socket; {@code --home} is stronger. */
    public static final String VARIABLE = "LUNLOCK_HOME";

    /** sun_path has 104 bytes on macOS and 108 on Linux, one of them for the final zero. */
    private static final int SOCKET_PATH_BYTES_MAX = 103;

    private static final String PROGRAM = "lunlock";

    /**
     * What decides where the defaults are.
     *
     * @param userHome as the operating system says; need not be absolute when it knows none
     */
    public record Machine(boolean macOs, boolean root, Path userHome) {
        /** This machine and the user that runs this process. */
        public static Machine local() {
            return new Machine(
                    System.getProperty("os.name").startsWith("Mac"),
                    System.getProperty("user.name").equals("root"),
                    Path.of(System.getProperty("user.home")));
        }
    }

    /** The home of this user on this machine; see {@link #resolve}. */
    public static Home local(@Nullable Path option) throws LunlockException {
        return resolve(option, System.getenv(), Machine.local());
    }

    /**
     * Chooses the home; touches no file.
     *
     * @param option the value of {@code --home}
     * @throws LunlockException (CONFIGURATION) when the socket's path would be too long, or when
     *     nothing says where the user's files are
     */
    public static Home resolve(
            @Nullable Path option, Map<String, String> environment, Machine machine)
            throws LunlockException {
        Home home = choose(option, environment, machine);
        int length = home.socket().toString().getBytes(StandardCharsets.UTF_8).length;
        if (length > SOCKET_PATH_BYTES_MAX) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the path of the daemon's socket has %d bytes, the system allows %d (%s): %s"
                            .formatted(
                                    length,
                                    SOCKET_PATH_BYTES_MAX,
                                    home.socket(),
                                    "choose a shorter --home"));
        }
        return home;
    }

    private static Home choose(
            @Nullable Path option, Map<String, String> environment, Machine machine)
            throws LunlockException {
        String variable = environment.getOrDefault(VARIABLE, "");
        if (option != null || !variable.isEmpty()) {
            return in(option != null ? option : Path.of(variable));
        }
        Path user = machine.userHome();
        if (!machine.root() && !user.isAbsolute()) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "this user has no home directory (%s): name one with --home".formatted(user));
        }
        if (machine.macOs()) {
            // root's own directory is not the same for launchd and for sudo
            Path library = machine.root() ? Path.of("/Library") : user.resolve("Library");
            return in(library.resolve("Application Support").resolve(PROGRAM));
        }
        if (machine.root()) {
            return new Home(
                    Path.of("/etc", PROGRAM, "lunlock.toml"),
                    Path.of("/var/lib", PROGRAM),
                    Path.of("/run", PROGRAM));
        }
        Path state = user.resolve(".local/state").resolve(PROGRAM);
        return new Home(
                user.resolve(".config").resolve(PROGRAM).resolve("lunlock.toml"),
                state,
                state.resolve("run"));
    }

    private static Home in(Path directory) {
        Path absolute = directory.toAbsolutePath().normalize();
        return new Home(
                absolute.resolve("lunlock.toml"),
                absolute.resolve("state"),
                absolute.resolve("run"));
    }

    /** The Unix socket on which the daemon serves its own user. */
    public Path socket() {
        return runtimeDirectory.resolve("daemon.sock");
    }

    /** Locked by the daemon as long as it runs: there is one for each home. */
    public Path daemonLock() {
        return stateDirectory.resolve("daemon.lock");
    }

    public Path logFile() {
        return stateDirectory.resolve("daemon.log");
    }

    /** Where the volume's FUSE file is mounted. */
    public Path fuseDirectory(String volume) {
        return runtimeDirectory.resolve("fuse").resolve(volume);
    }

    /** Where a volume is mounted whose configuration does not say. */
    public Path defaultMountPoint(String volume) {
        return runtimeDirectory.resolve("mnt").resolve(volume);
    }

    /**
     * Makes the directories for state and sockets.
     *
     * @throws LunlockException (CONFIGURATION) when one cannot be made, belongs to somebody else,
     *     or when others could put files into it
     */
    public void makeDirectories() throws LunlockException {
        makeDirectory(stateDirectory);
        makeDirectory(runtimeDirectory);
        new PrivateFile("the state directory", stateDirectory).checkDirectory();
        new PrivateFile("the runtime directory", runtimeDirectory).checkDirectory();
    }

    /**
     * Makes a directory that only this user can enter, and the missing ones above it. One that
     * exists is left as it is.
     *
     * @throws LunlockException (CONFIGURATION) when it cannot be made
     */
    public static void makeDirectory(Path directory) throws LunlockException {
        try {
            Files.createDirectories(
                    directory,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "a directory cannot be made (%s): %s"
                            .formatted(directory, PrivateFile.reason(e)),
                    e);
        }
    }
}
