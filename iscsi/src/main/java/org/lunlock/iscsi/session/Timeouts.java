// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.lunlock.iscsi.Check;

/**
 * How long each step may take.
 *
 * @param limits one for every step
 */
public record Timeouts(Map<Step, Duration> limits) {

    /** What is limited; the names are those of open-iscsi's settings where it has them. */
    public enum Step {
        /** Connecting and logging in, one attempt. */
        LOGIN(15),
        /** Waiting for the Logout Response before the connection is closed anyway. */
        LOGOUT(15),
        /** Silence after which the target is pinged. */
        NOOP_OUT_INTERVAL(5),
        /** Silence after the ping that means the connection is lost. */
        NOOP_OUT_TIMEOUT(5),
        /** From losing a connection until commands fail if the session is not reinstated. */
        REPLACEMENT(120),
        /** From sending a command until it is aborted. */
        COMMAND(60),
        /** Waiting for the response to ABORT TASK, or a query, before the logical unit is reset. */
        ABORT(15),
        /**
         * Waiting for the response to LOGICAL UNIT RESET before the connection is given up; also to
         * ABORT TASK SET and CLEAR TASK SET.
         */
        LOGICAL_UNIT_RESET(30),
        /** Waiting for the response to a reset of the target. */
        TARGET_RESET(30);

        private final Duration standard;

        Step(int seconds) {
            this.standard = Duration.ofSeconds(seconds);
        }
    }

    /** What open-iscsi takes by default; a command has 60 s. */
    public static final Timeouts DEFAULT = each(step -> step.standard);

    public Timeouts {
        Check.that(limits.size() == Step.values().length, "every step has its limit");
        limits = Collections.unmodifiableMap(new EnumMap<>(limits));
    }

    /** The same for every step. */
    public static Timeouts all(Duration limit) {
        return each(_ -> limit);
    }

    private static Timeouts each(Function<Step, Duration> limit) {
        Map<Step, Duration> limits = new EnumMap<>(Step.class);
        for (Step step : Step.values()) {
            limits.put(step, limit.apply(step));
        }
        return new Timeouts(limits);
    }

    public Duration of(Step step) {
        return Objects.requireNonNull(limits.get(step));
    }

    public Timeouts with(Step step, Duration limit) {
        Map<Step, Duration> changed = new EnumMap<>(limits);
        changed.put(step, limit);
        return new Timeouts(changed);
    }
}
