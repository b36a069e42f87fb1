// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;

/**
 * What this host is called, and what holds for every volume that does not say otherwise.
 *
 * @param name null when the host keeps the name that was made for it
 * @param term see {@link VolumeConfig#term}
 */
public record InitiatorConfig(@Nullable IscsiName name, Duration term, SessionConfig session) {
    public static final InitiatorConfig DEFAULT =
            new InitiatorConfig(null, Duration.ofSeconds(15), SessionConfig.DEFAULT);

    /** Below this a holder could not renew over a slow network. */
    static final Duration TERM_LEAST = Duration.ofSeconds(1);

    /** Nobody waits longer for a dead holder. */
    static final Duration TERM_MOST = Duration.ofMinutes(10);

    static InitiatorConfig read(TableReader table) {
        InitiatorConfig config =
                new InitiatorConfig(
                        table.parsed("name", IscsiName::of),
                        table.span("term", TERM_LEAST, TERM_MOST, DEFAULT.term),
                        SessionConfig.read(table, DEFAULT.session));
        table.rejectUnknown();
        return config;
    }
}
