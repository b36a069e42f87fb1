// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.config.Failures.assertFails;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;

class HomeTest {
    private static final Home.Machine ROOT = new Home.Machine(false, true, Path.of("/root"));
    private static final Home.Machine USER = new Home.Machine(false, false, Path.of("/home/eva"));
    private static final Home.Machine MAC = new Home.Machine(true, false, Path.of("/Users/eva"));

    @Test
    void rootUsesTheSystemsDirectories() throws Exception {
        Home home = Home.resolve(null, Map.of(), ROOT);

        assertThat(home.configFile()).hasToString("/etc/lunlock/lunlock.toml");
        assertThat(home.stateDirectory()).hasToString("/var/lib/lunlock");
        assertThat(home.socket()).hasToString("/run/lunlock/daemon.sock");
        assertThat(home.daemonLock()).hasToString("/var/lib/lunlock/daemon.lock");
        assertThat(home.logFile()).hasToString("/var/lib/lunlock/daemon.log");
        assertThat(home.fuseDirectory("backup")).hasToString("/run/lunlock/fuse/backup");
        assertThat(home.defaultMountPoint("backup")).hasToString("/run/lunlock/mnt/backup");
    }

    @Test
    void aUserHasThemAtHomeWhateverTheEnvironmentSays() throws Exception {
        Home home = Home.resolve(null, Map.of("XDG_RUNTIME_DIR", "/run/user/1000"), USER);

        assertThat(home.configFile()).hasToString("/home/eva/.config/lunlock/lunlock.toml");
        assertThat(home.stateDirectory()).hasToString("/home/eva/.local/state/lunlock");
        assertThat(home.socket()).hasToString("/home/eva/.local/state/lunlock/run/daemon.sock");
    }

    @Test
    void aMacHasThemInItsLibrary() throws Exception {
        Home home = Home.resolve(null, Map.of(), MAC);

        assertThat(home.configFile())
                .hasToString("/Users/eva/Library/Application Support/lunlock/lunlock.toml");
        assertThat(home.stateDirectory())
                .hasToString("/Users/eva/Library/Application Support/lunlock/state");
        Home.Machine root = new Home.Machine(true, true, Path.of("/Users/eva"));
        assertThat(Home.resolve(null, Map.of(), root).socket())
                .hasToString("/Library/Application Support/lunlock/run/daemon.sock");
    }

    @Test
    void theOptionIsStrongerThanTheVariableAndBothThanTheDefault() throws Exception {
        Map<String, String> environment = Map.of(Home.VARIABLE, "/tmp/a");

        assertThat(Home.resolve(null, environment, ROOT).configFile())
                .hasToString("/tmp/a/lunlock.toml");
        assertThat(Home.resolve(Path.of("/tmp/b"), environment, ROOT).socket())
                .hasToString("/tmp/b/run/daemon.sock");
        assertThat(Home.resolve(null, Map.of(Home.VARIABLE, ""), ROOT).stateDirectory())
                .hasToString("/var/lib/lunlock");
    }

    @Test
    void aRelativeHomeIsMadeAbsolute() throws Exception {
        assertThat(Home.resolve(Path.of("a/../b"), Map.of(), USER).stateDirectory())
                .isEqualTo(Path.of("b/state").toAbsolutePath());
    }

    @Test
    void aSocketPathThatIsTooLongIsAConfigurationError() throws Exception {
        Path longest = Path.of("/" + "d".repeat(103 - "//run/daemon.sock".length()));
        Path longer = Path.of("/" + "d".repeat(104 - "//run/daemon.sock".length()));

        assertThat(Home.resolve(longest, Map.of(), USER).socket().toString()).hasSize(103);
        assertFails(ExitCode.CONFIGURATION, () -> Home.resolve(longer, Map.of(), USER))
                .contains("shorter --home");
    }

    @Test
    void aUserWithoutAHomeDirectoryIsToldToNameOne() {
        Home.Machine nobody = new Home.Machine(false, false, Path.of("?"));

        assertFails(ExitCode.CONFIGURATION, () -> Home.resolve(null, Map.of(), nobody))
                .contains("--home");
    }

    @Test
    void directoriesAreForTheirOwnerOnly(@TempDir Path directory) throws Exception {
        Home home = Home.resolve(directory.resolve("new"), Map.of(), USER);

        home.makeDirectories();
        home.makeDirectories();

        assertThat(mode(directory.resolve("new"))).isEqualTo("rwx------");
        assertThat(mode(home.stateDirectory())).isEqualTo("rwx------");
        assertThat(mode(home.runtimeDirectory())).isEqualTo("rwx------");
    }

    @Test
    void aRuntimeDirectoryThatOthersCanWriteToIsRefused(@TempDir Path directory) throws Exception {
        Home home = Home.resolve(directory, Map.of(), USER);
        home.makeDirectories();
        Files.setPosixFilePermissions(
                home.runtimeDirectory(), PosixFilePermissions.fromString("rwxrwxr-x"));

        assertFails(ExitCode.CONFIGURATION, home::makeDirectories).contains("chmod 700");
    }

    @Test
    void aDirectoryThatCannotBeMadeIsAConfigurationError(@TempDir Path directory) throws Exception {
        Path file = Files.createFile(directory.resolve("file"));

        assertFails(
                        ExitCode.CONFIGURATION,
                        () -> Home.resolve(file, Map.of(), USER).makeDirectories())
                .contains(file.toString());
    }

    private static String mode(Path path) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }
}
