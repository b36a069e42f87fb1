// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.lockserver.TestServer.CLAIM_A;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.lockserver.OpenApi.Operation;
import org.lunlock.lockserver.store.Right;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/**
 * Whoever may not do something is told so, changes nothing, and is in the audit log: at every path
 * that the interface has.
 */
@NullMarked
class DeniedTest {
    /** These answer anybody who has a token, with what he may see. */
    private static final List<String> FOR_ALL = List.of("/v1/whoami", "/v1/volumes", "/v1/events");

    @TempDir private Path directory;
    private TestServer server;
    private String boss;
    private String before;

    @BeforeEach
    void volumeIsHeldAndWaitedFor() throws Exception {
        server = TestServer.start(directory);
        boss = server.token("boss", Right.ADMIN, "*");
        server.claim(boss, "backup", CLAIM_A);
        server.claim(boss, "backup", TestServer.CLAIM_B);
        before = state();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    /** All but what time alone changes. */
    private String state() throws Exception {
        return (server.get(boss, "/v1/volumes").body()
                        + server.get(boss, "/v1/volumes/backup/history").body())
                .replaceAll("\"leaseLeftMillis\":[0-9]+", "");
    }

    private int attempt(String token, Operation what) throws Exception {
        String body =
                switch (what.method()) {
                    case "PUT" -> "{\"host\":\"x\",\"leaseMillis\":15000}";
                    case "POST" ->
                            what.path().endsWith("unlock")
                                    ? "{\"token\":1,\"volume\":\"backup\",\"reason\":\"x\"}"
                                    : "{}";
                    default -> null;
                };
        return server.send(token, what.method(), what.at("backup", CLAIM_A), body).statusCode();
    }

    private List<JsonNode> denied() throws Exception {
        return new ObjectMapper()
                .readTree(server.get(boss, "/v1/audit?limit=500").body())
                .valueStream()
                .filter(it -> it.path("what").asString().equals("denied"))
                .toList();
    }

    private static List<Operation> guarded() {
        return OpenApi.read().operations().stream().filter(Operation::needsToken).toList();
    }

    private void refuses(String token, int status, String principal, List<Operation> operations)
            throws Exception {
        int known = denied().size();
        for (Operation one : operations) {
            assertThat(attempt(token, one)).as(one.method() + " " + one.path()).isEqualTo(status);
            List<JsonNode> now = denied(); // the latest first
            assertThat(now).as("in the audit log").hasSize(++known);
            String path = one.at("backup", CLAIM_A);
            assertThat(now.getFirst().path("detail").asString())
                    .isEqualTo(status + " " + one.method() + " " + path);
            assertThat(now.getFirst().path("principal").asString()).isEqualTo(principal);
        }
        assertThat(operations).hasSizeGreaterThan(6);
        assertThat(state()).isEqualTo(before);
    }

    @Test
    void withoutAToken() throws Exception {
        refuses("", 401, "", guarded());
    }

    @Test
    void withAWrongToken() throws Exception {
        refuses("lunlock_0123456789", 401, "", guarded());
    }

    @Test
    void withARevokedToken() throws Exception {
        String revoked = server.token("gone", Right.ADMIN, "*");
        server.revoke("gone");
        refuses(revoked, 401, "", guarded());
    }

    @Test
    void withATokenForAnotherVolume() throws Exception {
        String other = server.token("other", Right.ADMIN, "photos");
        List<Operation> ofVolumes =
                guarded().stream().filter(it -> !FOR_ALL.contains(it.path())).toList();
        refuses(other, 403, "other", ofVolumes);
        assertThat(server.get(other, "/v1/volumes").body()).isEqualTo("[]");
    }

    @Test
    void withTheRightToUseOnlyNothingIsTakenFromOthers() throws Exception {
        String user = server.token("user", Right.USE, "*");
        List<String> othersToSee = List.of("/v1/volumes/{volume}", "/v1/volumes/{volume}/history");
        List<Operation> ofOthers =
                guarded().stream()
                        .filter(it -> !FOR_ALL.contains(it.path()))
                        .filter(it -> !othersToSee.contains(it.path()))
                        .toList();
        int known = denied().size();
        for (Operation one : ofOthers) {
            assertThat(attempt(user, one)).as(one.method() + " " + one.path()).isEqualTo(403);
        }
        assertThat(denied()).hasSize(known + ofOthers.size());
        assertThat(state()).isEqualTo(before);
    }
}
