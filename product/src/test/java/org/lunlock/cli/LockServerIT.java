// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.testkit.Until;

/** {@code lockserver} as the process that it is. */
class LockServerIT {
    private static final String ANY_PORT = "127.0.0.1:0";

    @TempDir private Path directory;
    private LunlockProcess lunlock;

    @BeforeEach
    void prepare() throws IOException {
        lunlock = new LunlockProcess(directory);
    }

    private String serverAddress(LunlockProcess.Running server) throws Exception {
        Until.that("the server listens", () -> server.out().contains("lock server: http"));
        return server.out().strip().replaceFirst("(?s).*lock server: (\\S+).*", "$1");
    }

    private static int status(String address, String bearer) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpRequest request =
                    HttpRequest.newBuilder(URI.create(address + "/v1/volumes"))
                            .timeout(Duration.ofSeconds(30))
                            .header("Authorization", "Bearer " + bearer)
                            .build();
            return client.send(request, BodyHandlers.discarding()).statusCode();
        }
    }

    @Test
    void tokensAreAddedAndRevokedWhileItServesUntilItIsToldToEnd() throws Exception {
        LunlockProcess.Running server = lunlock.start("hub", "lockserver", "--listen", ANY_PORT);
        try {
            String address = serverAddress(server);
            Until.that("it says what lacks", () -> server.err().contains("nobody has a token yet"));
            String[] words = {"lockserver", "token", "add", "mac", "--use", "*"};
            String bearer = lunlock.run("hub", words).out().strip();
            assertThat(status(address, bearer)).isEqualTo(200);
            assertThat(lunlock.run("hub", "lockserver", "token", "list").out())
                    .contains("mac", "use *")
                    .doesNotContain(bearer);
            assertThat(lunlock.run("hub", words).exitStatus()).isEqualTo(ExitCode.USAGE.code());
            assertThat(lunlock.run("hub", "lockserver", "--listen", ANY_PORT).err())
                    .contains("another lock server uses this store");
            assertThat(lunlock.run("hub", "lockserver", "token", "revoke", "mac").exitStatus())
                    .isZero();
            assertThat(status(address, bearer)).isEqualTo(401);
            server.process().destroy();
            assertThat(server.exitStatus()).isZero();
        } finally {
            server.process().destroyForcibly();
        }
    }

    @Test
    void damagedStoreIsNotServed() throws Exception {
        Path store = Files.createDirectory(directory.resolve("store"));
        Files.writeString(store.resolve("locks.db"), "this is no database ".repeat(100));
        LunlockProcess.Running server =
                lunlock.run("hub", "lockserver", "--listen", ANY_PORT, "--store", store.toString());
        assertThat(server.process().exitValue()).isEqualTo(ExitCode.DATA.code());
        assertThat(server.err()).contains("the store is damaged", "put a copy back");
    }

    @Test
    void otherMachinesAreNotServedInTheClearByMistake() throws Exception {
        LunlockProcess.Running server = lunlock.run("hub", "lockserver", "--listen", "0.0.0.0:0");
        assertThat(server.process().exitValue()).isEqualTo(ExitCode.USAGE.code());
        assertThat(server.err()).contains("--tls-cert", "--no-tls");
    }
}
