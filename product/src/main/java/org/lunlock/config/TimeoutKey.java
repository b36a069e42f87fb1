// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;

/** A time-out of the initiator by the name that users of open-iscsi know. */
enum TimeoutKey {
    LOGIN("login_timeout", Step.LOGIN),
    LOGOUT("logout_timeout", Step.LOGOUT),
    NOOP_OUT_INTERVAL("noop_out_interval", Step.NOOP_OUT_INTERVAL),
    NOOP_OUT_TIMEOUT("noop_out_timeout", Step.NOOP_OUT_TIMEOUT),
    REPLACEMENT("replacement_timeout", Step.REPLACEMENT),
    ABORT("abort_timeout", Step.ABORT),
    LU_RESET("lu_reset_timeout", Step.LOGICAL_UNIT_RESET),
    TGT_RESET("tgt_reset_timeout", Step.TARGET_RESET);

    private static final Duration LEAST = Duration.ofMillis(100);
    private static final Duration MOST = Duration.ofDays(1);

    private final String key;
    private final Step step;

    TimeoutKey(String key, Step step) {
        this.key = key;
        this.step = step;
    }

    /** Null when no time-out is called so. */
    static @Nullable TimeoutKey named(String key) {
        return Arrays.stream(values()).filter(it -> it.key.equals(key)).findAny().orElse(null);
    }

    /** Whether it can be set to this. */
    boolean takes(Duration span) {
        return Durations.isWithin(span, LEAST, MOST);
    }

    /** What it is without being set. */
    Duration standard() {
        return Timeouts.DEFAULT.of(step);
    }

    @Override
    public String toString() {
        return key;
    }

    static Timeouts read(TableReader table, Timeouts fallback) {
        Timeouts read = fallback;
        for (TimeoutKey it : values()) {
            read = read.with(it.step, table.span(it.key, LEAST, MOST, fallback.of(it.step)));
        }
        return read;
    }

    static void describe(Timeouts timeouts, Map<String, Object> to) {
        for (TimeoutKey it : values()) {
            to.put(it.key, Durations.print(timeouts.of(it.step)));
        }
    }
}
