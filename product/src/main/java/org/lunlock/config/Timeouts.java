// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.time.Duration;
import java.util.Map;

/**
 * How long the initiator waits, with the names and values that users of open-iscsi know. All are
 * positive.
 *
 * @param login until a connection and its login are done
 * @param logout until the target has answered a Logout Request
 * @param noopOutInterval of silence until the target is pinged
 * @param noopOutTimeout until a ping without answer means that the connection is lost
 * @param replacement for a lost connection to come back, before commands fail
 * @param abort until the target has answered ABORT TASK for a command that takes too long; then its
 *     logical unit is reset
 * @param luReset until the target has answered LOGICAL UNIT RESET; then the connection is given up
 * @param tgtReset until the target has answered TARGET WARM RESET or TARGET COLD RESET
 */
public record Timeouts(
        Duration login,
        Duration logout,
        Duration noopOutInterval,
        Duration noopOutTimeout,
        Duration replacement,
        Duration abort,
        Duration luReset,
        Duration tgtReset) {
    public static final Timeouts DEFAULT =
            new Timeouts(
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(120),
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30));

    private static final Duration LEAST = Duration.ofMillis(100);
    private static final Duration MOST = Duration.ofDays(1);

    static Timeouts read(TableReader table, Timeouts fallback) {
        return new Timeouts(
                table.span("login_timeout", LEAST, MOST, fallback.login),
                table.span("logout_timeout", LEAST, MOST, fallback.logout),
                table.span("noop_out_interval", LEAST, MOST, fallback.noopOutInterval),
                table.span("noop_out_timeout", LEAST, MOST, fallback.noopOutTimeout),
                table.span("replacement_timeout", LEAST, MOST, fallback.replacement),
                table.span("abort_timeout", LEAST, MOST, fallback.abort),
                table.span("lu_reset_timeout", LEAST, MOST, fallback.luReset),
                table.span("tgt_reset_timeout", LEAST, MOST, fallback.tgtReset));
    }

    void describe(Map<String, Object> to) {
        to.put("login_timeout", Durations.print(login));
        to.put("logout_timeout", Durations.print(logout));
        to.put("noop_out_interval", Durations.print(noopOutInterval));
        to.put("noop_out_timeout", Durations.print(noopOutTimeout));
        to.put("replacement_timeout", Durations.print(replacement));
        to.put("abort_timeout", Durations.print(abort));
        to.put("lu_reset_timeout", Durations.print(luReset));
        to.put("tgt_reset_timeout", Durations.print(tgtReset));
    }
}
