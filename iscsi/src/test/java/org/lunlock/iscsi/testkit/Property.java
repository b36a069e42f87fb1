// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Runs a check on many random cases. A case that fails names its seed; run the test again with
 * {@code -Dproperty.seed=SEED} and it gets this case alone.
 */
public final class Property {
    private static final String SEED = "property.seed";

    private Property() {}

    /** A check of one case, which draws all its data from {@code random}. */
    @FunctionalInterface
    public interface Check {
        void run(RandomGenerator random) throws Exception;
    }

    /**
     * Runs the check that many times, or once when a seed is given.
     *
     * @throws AssertionError around what the check threw first, with the seed of its case
     */
    public static void holds(int times, Check check) {
        Long replay = Long.getLong(SEED);
        if (replay != null) {
            runCase(replay, check);
            return;
        }
        SplittableRandom seeds = new SplittableRandom();
        for (int i = 0; i < times; i++) {
            runCase(seeds.nextLong(), check);
        }
    }

    private static void runCase(long seed, Check check) {
        try {
            check.run(new SplittableRandom(seed));
        } catch (Exception | AssertionError e) {
            throw new AssertionError("replay with -D" + SEED + "=" + seed + ": " + e, e);
        }
    }
}
