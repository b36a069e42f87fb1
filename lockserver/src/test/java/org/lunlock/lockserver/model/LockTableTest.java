// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.lunlock.lockserver.model.Claim.Rates;
import org.lunlock.lockserver.model.Refusal.Reason;

@NullMarked
class LockTableTest {
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final Instant START = Instant.ofEpochSecond(1_800_000_000);

    private final LockTable table = new LockTable(0);
    private long seconds;

    private Now now() {
        Duration passed = Duration.ofSeconds(seconds);
        return new Now(Long.MAX_VALUE - 5 + passed.toNanos(), START.plus(passed));
    }

    private Claim claim(String id) throws Refusal {
        return table.claim(wish(id, "backup"), now());
    }

    private static Claim wish(String id, String volume) {
        Claimant claimant = new Claimant("token-" + id, "host-" + id, 42, "rsync");
        return new Claim(id, volume, claimant, LEASE, START, null);
    }

    private long token(String id) throws Refusal {
        Claim claim = table.heard("backup", id, "token-" + id, now());
        return claim.grant() == null ? 0 : claim.grant().token();
    }

    private void release(String id) throws Refusal {
        table.release("backup", id, "token-" + id, now());
    }

    @Test
    void firstToAskHoldsTheVolume() throws Refusal {
        assertThat(claim("a").grant()).isNotNull();
        assertThat(claim("b").grant()).isNull();
        assertThat(table.show("backup", now()).holder()).isEqualTo(claim("a"));
    }

    @Test
    void volumesDoNotShareALock() throws Refusal {
        claim("a");
        assertThat(table.claim(wish("b", "photos"), now()).grant()).isNotNull();
    }

    @Test
    void whoeverWaitedLongestIsNext() throws Refusal {
        claim("a");
        claim("b");
        claim("c");
        assertThat(table.place("backup", "b")).isEqualTo(1);
        assertThat(table.place("backup", "c")).isEqualTo(2);
        release("a");
        assertThat(token("b")).isPositive();
        assertThat(token("c")).isZero();
    }

    @Test
    void tokensRiseEvenWhenTheClockGoesBack() throws Refusal {
        claim("a");
        long first = token("a");
        release("a");
        seconds = -1000;
        claim("b");
        assertThat(token("b")).isGreaterThan(first);
    }

    @Test
    void tokenIsAtLeastTheSecondsOfTheClock() throws Refusal {
        claim("a");
        assertThat(token("a")).isEqualTo(START.getEpochSecond());
    }

    @Test
    void tokenIsAboveTheFloor() throws Refusal {
        LockTable restored = new LockTable(5_000_000_000L);
        Claim claim = restored.claim(wish("a", "backup"), now());
        assertThat(Objects.requireNonNull(claim.grant()).token()).isEqualTo(5_000_000_001L);
    }

    @Test
    void askingAgainWithTheSameIdIsTheSameClaim() throws Refusal {
        Claim first = claim("a");
        assertThat(claim("a")).isEqualTo(first);
        claim("b");
        claim("b");
        assertThat(table.show("backup", now()).waiting()).hasSize(1);
    }

    @Test
    void holderThatIsSilentForALeaseAndATenthExpires() throws Refusal {
        claim("a");
        claim("b");
        seconds = 16;
        table.expire(now());
        assertThat(token("b")).isZero();
        seconds = 17;
        table.expire(now());
        assertThat(token("b")).isPositive();
        assertThat(table.takeChanges())
                .anySatisfy(it ->
                        assertThat(it)
                                .isInstanceOfSatisfying(
                                        Change.Ended.class,
                                        ended ->
                                                assertThat(ended.ending())
                                                        .isEqualTo(Ending.EXPIRED)));
    }

    @Test
    void renewingPutsTheEndOff() throws Refusal {
        claim("a");
        seconds = 14;
        Claim renewed = table.renew("backup", "a", "token-a", new Rates(1, 2), now());
        assertThat(Objects.requireNonNull(renewed.grant()).rates()).isEqualTo(new Rates(1, 2));
        seconds = 30; // 14 and 16.5 are 30.5
        table.expire(now());
        assertThat(token("a")).isPositive();
    }

    @Test
    void askingDoesNotRenew() throws Refusal {
        claim("a");
        seconds = 14;
        claim("a");
        assertThat(table.show("backup", now()).leaseLeft()).isEqualTo(Duration.ofSeconds(1));
    }

    @Test
    void whoeverWaitsWithoutAskingAgainLeavesTheQueue() throws Refusal {
        claim("a");
        claim("b");
        seconds = 59;
        claim("c");
        table.renew("backup", "a", "token-a", null, now());
        seconds = 61;
        table.expire(now());
        assertThat(table.show("backup", now()).waiting())
                .extracting(Claim::id)
                .containsExactly("c");
    }

    @Test
    void silentWaiterIsNotGrantedWhatExpiresWithIt() throws Refusal {
        claim("a");
        claim("b");
        seconds = 100;
        table.expire(now());
        assertThat(table.show("backup", now()).holder()).isNull();
    }

    @Test
    void forceTakesFromTheHolderThatWasSeen() throws Refusal {
        claim("a");
        claim("b");
        long seen = token("a");
        table.takeChanges();
        table.force("backup", seen, "boss", "on holiday", now());
        assertThat(token("b")).isPositive();
        Change.Ended ended = (Change.Ended) table.takeChanges().getFirst();
        assertThat(ended.by()).isEqualTo("boss");
        assertThat(ended.reason()).isEqualTo("on holiday");
    }

    @Test
    void forceOfAnEarlierHolderIsRefused() throws Refusal {
        claim("a");
        long seen = token("a");
        release("a");
        claim("b");
        assertRefused(Reason.OTHER_HOLDER, () -> table.force("backup", seen, "boss", "", now()));
        assertThat(token("b")).isPositive();
    }

    @Test
    void nobodyTouchesTheClaimOfAnotherPrincipal() throws Refusal {
        claim("a");
        assertRefused(Reason.NOT_YOURS, () -> table.release("backup", "a", "token-b", now()));
        assertRefused(Reason.NOT_YOURS, () -> table.renew("backup", "a", "token-b", null, now()));
        assertThat(token("a")).isPositive();
    }

    @Test
    void whatEndedIsUnknown() throws Refusal {
        claim("a");
        release("a");
        assertRefused(Reason.UNKNOWN_CLAIM, () -> release("a"));
        assertRefused(Reason.UNKNOWN_CLAIM, () -> table.renew("x", "a", "token-a", null, now()));
    }

    @Test
    void onlyAGrantIsRenewed() throws Refusal {
        claim("a");
        claim("b");
        assertRefused(Reason.NOT_GRANTED, () -> table.renew("backup", "b", "token-b", null, now()));
    }

    @Test
    void restoredLocksAreAsTheyWereAndTheirTimeBeginsAnew() throws Refusal {
        claim("a");
        claim("b");
        claim("c");
        LockTable restored = new LockTable(0);
        restored.restore("backup", table.show("backup", now()).lastToken());
        for (String id : List.of("a", "b", "c")) {
            seconds = 1000;
            restored.restore(table.heard("backup", id, "token-" + id, now()), now());
        }
        seconds = 1016;
        restored.expire(now());
        assertThat(restored.show("backup", now()).holder()).isEqualTo(claim("a"));
        assertThat(restored.place("backup", "c")).isEqualTo(2);
    }

    private static void assertRefused(Reason reason, Action action) {
        assertThatThrownBy(action::run)
                .isInstanceOfSatisfying(
                        Refusal.class, it -> assertThat(it.reason()).isEqualTo(reason));
    }

    @FunctionalInterface
    private interface Action {
        void run() throws Refusal;
    }

    @Test
    void volumeAsAnotherServerLeftItNamesWhatIsNotTheSame() throws Refusal {
        Claim a = claim("a");
        Claim b = claim("b");
        Claim c = claim("c");
        table.takeChanges();
        Claim granted = b.granted(7, now().wall());
        assertThat(table.replace("backup", 7, List.of(granted, c), now()))
                .containsExactly(granted, a);
        assertThat(table.replace("backup", 7, List.of(granted, c), now())).isEmpty();
        assertThat(table.show("backup", now()).holder()).isEqualTo(granted);
        assertThat(table.takeChanges()).isEmpty();
    }

    @Test
    void holderWhoseLeaseIsKeptElsewhereIsFollowedByTheNext() throws Refusal {
        Claim a = claim("a").granted(4_000_000_000L, now().wall());
        table.replace("backup", 4_000_000_000L, List.of(a, claim("b")), now());
        table.takeChanges();
        table.lapse("backup", now());
        assertThat(table.takeChanges())
                .satisfiesExactly(
                        it -> assertThat(((Change.Ended) it).ending()).isEqualTo(Ending.EXPIRED),
                        it -> assertThat(((Change.Granted) it).token()).isEqualTo(4_000_000_001L));
    }
}
