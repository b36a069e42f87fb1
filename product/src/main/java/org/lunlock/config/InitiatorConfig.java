// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;

/**
 * What this host is called, and what holds for every volume that does not say otherwise.
 *
 * @param name null when the host keeps the name that was made for it
 * @param term see {@link VolumeConfig#term}
 * @param service null when the lock is kept in the targets alone
 */
public record InitiatorConfig(
        @Nullable IscsiName name,
        Duration term,
        SessionConfig session,
        @Nullable ServiceConfig service) {
    public static final InitiatorConfig DEFAULT =
            new InitiatorConfig(null, Duration.ofSeconds(15), SessionConfig.DEFAULT, null);

    /** Below this a holder could not renew over a slow network. */
    static final Duration TERM_LEAST = Duration.ofSeconds(1);

    /** Nobody waits longer for a dead holder. */
    static final Duration TERM_MOST = Duration.ofMinutes(10);

    static InitiatorConfig read(TableReader table, Path directory) {
        InitiatorConfig config =
                new InitiatorConfig(
                        table.parsed("name", IscsiName::of),
                        table.span("term", TERM_LEAST, TERM_MOST, DEFAULT.term),
                        SessionConfig.read(table, DEFAULT.session),
                        ServiceConfig.read(table, directory));
        table.rejectUnknown();
        return config;
    }
}
