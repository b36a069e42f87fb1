// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.util.List;
import java.util.Map;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;

/**
 * What is asked for when a session is made.
 *
 * @param headerDigest whether CRC32C over headers is asked for
 * @param dataDigest whether CRC32C over data is asked for
 * @param chapAlgorithms those offered, the preferred one first, by the names of open-iscsi
 * @param errorRecoveryLevel offered: 0, 1 to have damaged data sent again, or 2 to go on with the
 *     commands of a lost connection; 0..2
 * @param connections offered for each session, 1..{@value SessionOptions#CONNECTIONS_MAX}
 * @param queueDepth commands under way at once, 1..{@value #QUEUE_DEPTH_MAX}
 */
public record SessionConfig(
        boolean headerDigest,
        boolean dataDigest,
        List<String> chapAlgorithms,
        int errorRecoveryLevel,
        int connections,
        int queueDepth,
        Timeouts timeouts) {
    /** Those that the initiator knows, the strongest first. */
    private static final List<String> CHAP_ALGORITHMS =
            List.of("SHA3-256", "SHA256", "SHA1", "MD5");

    /** Of the queue depth, it is the one of open-iscsi. */
    public static final SessionConfig DEFAULT =
            new SessionConfig(false, false, CHAP_ALGORITHMS, 0, 1, 32, Timeouts.DEFAULT);

    public static final int QUEUE_DEPTH_MAX = 128;

    static SessionConfig read(TableReader table, SessionConfig fallback) {
        return new SessionConfig(
                table.flag("header-digest", fallback.headerDigest),
                table.flag("data-digest", fallback.dataDigest),
                table.words("chap-algorithms", CHAP_ALGORITHMS, fallback.chapAlgorithms),
                table.integer("error-recovery-level", 0, 2, fallback.errorRecoveryLevel),
                table.integer(
                        "connections", 1, SessionOptions.CONNECTIONS_MAX, fallback.connections),
                table.integer("queue-depth", 1, QUEUE_DEPTH_MAX, fallback.queueDepth),
                TimeoutKey.read(table, fallback.timeouts));
    }

    void describe(Map<String, Object> to) {
        to.put("header-digest", headerDigest);
        to.put("data-digest", dataDigest);
        to.put("chap-algorithms", chapAlgorithms);
        to.put("error-recovery-level", errorRecoveryLevel);
        to.put("connections", connections);
        to.put("queue-depth", queueDepth);
        TimeoutKey.describe(timeouts, to);
    }
}
