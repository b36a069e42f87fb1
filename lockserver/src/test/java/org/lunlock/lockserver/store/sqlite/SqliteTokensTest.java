// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Principal;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreException.Kind;

@NullMarked
class SqliteTokensTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_800_000_000);

    @TempDir private Path directory;

    @Test
    void tokenProvesItsName() throws Exception {
        try (BearerTokens tokens = SqliteTokens.open(directory)) {
            String bearer = tokens.add("mac", allow(Right.USE, "backup"), NOW);
            assertThat(Objects.requireNonNull(tokens.authenticate(bearer)).name()).isEqualTo("mac");
            assertThat(tokens.authenticate(bearer + "x")).isNull();
            assertThat(tokens.authenticate("")).isNull();
        }
    }

    @Test
    void otherProcessesTokenIsSeenAtOnceAndItsRevocationToo() throws Exception {
        try (BearerTokens server = SqliteTokens.open(directory);
                BearerTokens command = SqliteTokens.open(directory)) {
            assertThat(server.authenticate("x")).isNull();
            String bearer = command.add("mac", allow(Right.USE, "*"), NOW);
            assertThat(server.authenticate(bearer)).isNotNull();
            command.revoke("mac", NOW);
            assertThat(server.authenticate(bearer)).isNull();
            assertThat(server.list())
                    .extracting(BearerTokens.Listed::revokedAt)
                    .containsExactly(NOW);
        }
    }

    @Test
    void nothingOnDiskLetsAnybodyIn() throws Exception {
        String bearer;
        try (BearerTokens tokens = SqliteTokens.open(directory)) {
            bearer = tokens.add("mac", allow(Right.USE, "*"), NOW);
        }
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                String content = Files.readString(file, StandardCharsets.ISO_8859_1);
                assertThat(content).doesNotContain(bearer, bearer.substring(8));
            }
        }
    }

    @Test
    void rightsIncludeTheLesserOnesOfTheirVolumes() {
        Principal principal =
                new Principal(
                        "p",
                        List.of(
                                new Allowance(Right.FORCE, "backup"),
                                new Allowance(Right.USE, "lab-*")));
        assertThat(principal.may(Right.USE, "backup")).isTrue();
        assertThat(principal.may(Right.FORCE, "backup")).isTrue();
        assertThat(principal.may(Right.ADMIN, "backup")).isFalse();
        assertThat(principal.may(Right.USE, "lab-7")).isTrue();
        assertThat(principal.may(Right.FORCE, "lab-7")).isFalse();
        assertThat(principal.may(Right.USE, "backup2")).isFalse();
        assertThat(principal.mayEverywhere(Right.USE)).isFalse();
    }

    @Test
    void wrongWishesAreRefused() throws Exception {
        try (BearerTokens tokens = SqliteTokens.open(directory)) {
            tokens.add("mac", allow(Right.USE, "*"), NOW);
            assertWrong(() -> tokens.add("mac", allow(Right.USE, "*"), NOW));
            assertWrong(() -> tokens.add("a b", allow(Right.USE, "*"), NOW));
            assertWrong(() -> tokens.add("b", allow(Right.USE, "a:b c"), NOW));
            assertWrong(() -> tokens.add("b", List.of(), NOW));
            assertWrong(() -> tokens.revoke("nobody", NOW));
        }
    }

    private static void assertWrong(Action action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        StoreException.class, e -> assertThat(e.kind()).isEqualTo(Kind.WRONG));
    }

    @FunctionalInterface
    private interface Action {
        void run() throws StoreException;
    }

    private static List<Allowance> allow(Right right, String volumes) {
        return List.of(new Allowance(right, volumes));
    }
}
