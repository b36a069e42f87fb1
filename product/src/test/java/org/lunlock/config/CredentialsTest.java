// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.config.Failures.assertFails;

import com.sun.security.auth.module.UnixSystem;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.Secret;

class CredentialsTest {
    @TempDir private Path directory;

    private Credentials inFile(String content, String mode) throws Exception {
        Path file = Files.writeString(directory.resolve("secret"), content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
        return new Credentials("eva", null, file);
    }

    @ParameterizedTest
    @ValueSource(strings = {"twelve bytes", "twelve bytes\n", "twelve bytes\r\n"})
    void oneNewlineAtTheEndIsNotPartOfTheSecret(String content) throws Exception {
        assertThat(inFile(content, "r--------").secret()).isEqualTo(Secret.of("twelve bytes"));
    }

    @Test
    void everythingElseIs() throws Exception {
        assertThat(inFile(" a\tb \n\n", "rw-------").secret()).isEqualTo(Secret.of(" a\tb \n"));
        assertThat(inFile("s\r", "rw-------").secret()).isEqualTo(Secret.of("s\r"));
    }

    @Test
    void theLongestSecretHas255Bytes() throws Exception {
        assertThat(inFile("x".repeat(255) + "\r\n", "rw-------").secret().length()).isEqualTo(255);
        Credentials longer = inFile("x".repeat(256), "rw-------");
        assertFails(ExitCode.CONFIGURATION, longer::secret).contains("255 bytes");
        Credentials huge = inFile("x".repeat(1 << 20), "rw-------");
        assertFails(ExitCode.CONFIGURATION, huge::secret).contains("larger than");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "\r\n"})
    void anEmptyFileIsNoSecret(String content) throws Exception {
        assertFails(ExitCode.CONFIGURATION, inFile(content, "rw-------")::secret)
                .contains("is empty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "r-----r--", "rwx--x---"})
    void aFileOpenToOthersIsRefused(String mode) throws Exception {
        assertFails(ExitCode.CONFIGURATION, inFile("hunter2", mode)::secret)
                .contains("chmod 600", directory.toString())
                .doesNotContain("hunter2");
    }

    @Test
    void aMissingFileIsNamed() {
        Credentials credentials = new Credentials("eva", null, directory.resolve("none"));

        assertFails(ExitCode.CONFIGURATION, credentials::secret)
                .contains("the CHAP secret of eva is missing", "none");
    }

    @Test
    @Timeout(20)
    void aFifoIsNotWaitedFor() throws Exception {
        Path fifo = directory.resolve("fifo");
        assertThat(new ProcessBuilder("mkfifo", "-m", "600", fifo.toString()).start().waitFor())
                .isZero();

        assertFails(ExitCode.CONFIGURATION, new Credentials("eva", null, fifo)::secret)
                .contains("not a regular file");
    }

    @Test
    void aFileOfAnotherUserIsRefused() throws Exception {
        Path file = Path.of("/etc/passwd"); // root's
        if (new UnixSystem().getUid() == 0) {
            file = Files.createFile(directory.resolve("given away"));
            Files.setAttribute(file, "unix:uid", 12345);
        }

        assertFails(ExitCode.CONFIGURATION, new Credentials("eva", null, file)::secret)
                .contains("belongs to another user", "chown");
    }

    @Test
    void aSecretInTheConfigurationNeedsNoFile() throws Exception {
        Credentials credentials = new Credentials("eva", Secret.of("s"), null);

        assertThat(credentials.secret().bytes()).isEqualTo("s".getBytes(StandardCharsets.UTF_8));
        assertThat(credentials).hasToString("Credentials[user=eva, inline=***, file=null]");
    }
}
