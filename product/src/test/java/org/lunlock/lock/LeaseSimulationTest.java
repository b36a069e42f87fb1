// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.System.Logger.Level;
import org.junit.jupiter.api.Test;
import org.lunlock.lock.Tally.What;

/** More schedules: {@code -Dlunlock.schedules=5000000}; another start: {@code -Dlunlock.seed=N}. */
class LeaseSimulationTest {
    private static final System.Logger LOG = System.getLogger(LeaseSimulationTest.class.getName());

    private static final long SCHEDULES = Long.getLong("lunlock.schedules", 100_000);
    private static final long FIRST_SEED = Long.getLong("lunlock.seed", 1);

    /** Fewer are for looking at single schedules. */
    private static final long SCHEDULES_THAT_SHOW_EVERYTHING = 1_000;

    @Test
    void noScheduleOfFaultsBreaksThePromise() {
        Campaign campaign = Campaign.run(FIRST_SEED, SCHEDULES);
        LOG.log(
                Level.INFO,
                "{0} schedules from seed {1}: {2}",
                Long.toString(SCHEDULES),
                Long.toString(FIRST_SEED),
                campaign.tally());
        assertThat(campaign.violation()).isNull();
        if (SCHEDULES >= SCHEDULES_THAT_SHOW_EVERYTHING) {
            assertThat(What.values())
                    .as("what happened in %d schedules: %s", SCHEDULES, campaign.tally())
                    .allMatch(what -> campaign.tally().of(what) >= SCHEDULES / 500);
        }
    }
}
