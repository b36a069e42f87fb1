// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Duration;

/** Calls that main code of no module makes. Use with {@code ArchTests.in(HouseRules.class)}. */
public final class HouseRules {

    @ArchTest
    public static final ArchRule TIME_IS_MONOTONIC =
            noClasses()
                    .should()
                    .callMethod(System.class, "currentTimeMillis")
                    .because("it jumps; pass a monotonic clock in");

    @ArchTest
    public static final ArchRule WAITS_ARE_FOR_CONDITIONS =
            noClasses()
                    .should()
                    .callMethod(Thread.class, "sleep", long.class)
                    .orShould()
                    .callMethod(Thread.class, "sleep", long.class, int.class)
                    .orShould()
                    .callMethod(Thread.class, "sleep", Duration.class)
                    .because("a wait is for a condition, with a deadline");

    @ArchTest
    public static final ArchRule FAILURES_ARE_HANDED_ON_OR_LOGGED =
            noClasses()
                    .should()
                    .callMethod(Throwable.class, "printStackTrace")
                    .because("nobody reads it");

    private HouseRules() {}
}
