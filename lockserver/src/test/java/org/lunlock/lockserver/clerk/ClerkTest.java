// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.clerk;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.ManualClock;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.Refusal;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.sqlite.SqliteLocks;

@NullMarked
class ClerkTest implements Clerk.Listener {
    private static final Duration WITHIN = Duration.ofSeconds(20);
    private static final Instant AT = Instant.ofEpochSecond(1_800_000_000);

    @TempDir private Path directory;

    private final ManualClock clock = new ManualClock();
    private final List<Change> committed = new CopyOnWriteArrayList<>();
    private SqliteLocks store;
    private Clerk clerk;

    @BeforeEach
    void open() throws StoreException {
        store = SqliteLocks.open(directory);
        clerk = new Clerk(store, clock, InstantSource.fixed(AT), this);
    }

    @AfterEach
    void close() {
        clerk.close();
        store.close();
    }

    @Override
    public void committed(List<Change> changes) {
        committed.addAll(changes);
    }

    @Override
    public void noticed(List<Claim> claims) {
        throw new AssertionError("nobody else is there: " + claims);
    }

    @Override
    public void failed(StoreException why) {
        throw new AssertionError(why);
    }

    private CompletableFuture<Claim> claim(String id) {
        Claimant claimant = new Claimant("p", "h", 1, "c");
        Claim wish = new Claim(id, "backup", claimant, Duration.ofSeconds(15), AT, null);
        return clerk.ask((table, now) -> table.claim(wish, now));
    }

    @Test
    void answersAfterTheListenerHeard() throws Exception {
        Claim claim = claim("a").get(20, SECONDS);
        assertThat(claim.grant()).isNotNull();
        assertThat(committed).hasSize(2);
    }

    @Test
    void refusalReachesWhoeverAsked() {
        assertThatThrownBy(() ->
                        clerk.ask((table, now) -> table.release("v", "x", "p", now))
                                .get(20, SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(Refusal.class);
    }

    @Test
    void leasesExpireWithoutAnybodyAsking() throws Exception {
        claim("a").get(20, SECONDS);
        clock.advance(Duration.ofSeconds(21));
        Await.until(
                "the holder expired", WITHIN, () -> committed.getLast() instanceof Change.Ended);
    }

    @Test
    void whatCameMeanwhileIsDoneInOneGo() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        CompletableFuture<Boolean> slow =
                clerk.ask((_, _) -> {
                    try {
                        return go.await(20, SECONDS);
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                });
        CompletableFuture<Claim> a = claim("a");
        CompletableFuture<Claim> b = claim("b");
        go.countDown();
        assertThat(slow.get(20, SECONDS)).isTrue();
        assertThat(a.get(20, SECONDS).grant()).isNotNull();
        assertThat(b.get(20, SECONDS).grant()).isNull();
    }

    @Test
    void closedClerkAnswersThatItIsGone() {
        clerk.close();
        assertThatThrownBy(() -> claim("a").get(20, SECONDS))
                .hasCauseInstanceOf(Clerk.UnavailableException.class);
    }
}
