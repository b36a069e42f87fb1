// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Property;

/** Random hosts, against a list that says who came when. */
@NullMarked
class LockTablePropertyTest {
    private static final Duration LEASE = Duration.ofSeconds(15);
    private static final Instant START = Instant.ofEpochSecond(1_800_000_000);

    @Test
    void grantsGoRoundInOrderWithRisingTokens() {
        Property.holds(300, LockTablePropertyTest::run);
    }

    private static void run(RandomGenerator random) {
        LockTable table = new LockTable(random.nextLong(4_000_000_000L));
        List<String> naive = new ArrayList<>(); // the first holds, the others wait
        long nanos = random.nextLong();
        long lastToken = 0;
        int drawn = 0;
        for (int step = 0; step < 200; step++) {
            nanos += random.nextInt(100) * 1_000_000L; // far from any expiry in all
            Now now = new Now(nanos, START.plusSeconds(random.nextInt(-50, 50)));
            String id = "c" + random.nextInt(10);
            try {
                switch (random.nextInt(4)) {
                    case 0, 1 -> {
                        table.claim(wish(id), now);
                        if (!naive.contains(id)) {
                            naive.add(id);
                        }
                    }
                    case 2 -> {
                        if (naive.contains(id)) {
                            table.release("v", id, "p", now);
                            naive.remove(id);
                        }
                    }
                    default -> {
                        if (!naive.isEmpty() && naive.getFirst().equals(id)) {
                            table.force("v", lastToken, "boss", "why", now);
                            naive.removeFirst();
                        }
                    }
                }
                table.expire(now);
            } catch (Refusal e) {
                throw new AssertionError(e);
            }
            for (Change change : table.takeChanges()) {
                if (change instanceof Change.Granted granted) {
                    assertThat(granted.token()).isGreaterThan(lastToken);
                    lastToken = granted.token();
                    drawn++;
                }
            }
            LockTable.Shown shown = table.show("v", now);
            assertThat(id(shown.holder())).isEqualTo(naive.isEmpty() ? null : naive.getFirst());
            assertThat(shown.waiting())
                    .extracting(Claim::id)
                    .isEqualTo(naive.isEmpty() ? naive : naive.subList(1, naive.size()));
        }
        assertThat(drawn).isPositive();
    }

    private static @Nullable String id(@Nullable Claim claim) {
        return claim == null ? null : claim.id();
    }

    private static Claim wish(String id) {
        return new Claim(id, "v", new Claimant("p", "h", 0, ""), LEASE, START, null);
    }
}
