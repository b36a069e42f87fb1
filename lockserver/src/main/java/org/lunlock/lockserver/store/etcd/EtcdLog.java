// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import static java.lang.System.Logger.Level.WARNING;

import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.lunlock.etcd.EtcdClient;
import org.lunlock.etcd.EtcdException;
import org.lunlock.etcd.Txn;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.store.AuditLines;
import org.lunlock.lockserver.store.Holding;

/** Writes history and audit log, in the transactions of what they tell; removes the oldest. */
final class EtcdLog {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver.store");

    /** About 5 MB of the 2 GB that a cluster has by default. */
    static final int AUDIT_LINES_MAX = 10_000;

    /** Of one volume: a year of three a day. */
    static final int HOLDINGS_MAX = 1000;

    /** The oldest go some at a time; a process looks first when it writes first. */
    private static final int PRUNE_EVERY = 200;

    private final EtcdClient client;
    private final int process = ThreadLocalRandom.current().nextInt();
    private final Set<String> prunable = new HashSet<>();
    private int written;
    private int pruneAt = 1;

    EtcdLog(EtcdClient client) {
        this.client = client;
    }

    void write(Txn txn, List<Change> changes, List<AuditStatus> audit, Instant at) {
        AuditLines.of(changes, at).forEach(it -> write(txn, it));
        audit.forEach(it -> write(txn, it));
        for (Change change : changes) {
            Holding holding = change instanceof Change.Ended ended ? Holding.of(ended) : null;
            if (holding != null) {
                txn.put(Keys.holding(holding.volume(), holding.token()), Json.bytes(holding), 0);
            }
        }
    }

    /** By time; those of one moment as this process wrote them. */
    private void write(Txn txn, AuditStatus line) {
        String key =
                "%s%013d-%08x-%08x"
                        .formatted(Keys.AUDIT, line.at().toEpochMilli(), process, written++);
        txn.put(key, Json.bytes(line), 0);
    }

    /** Removes what is too much, now and then; the changes are stored in any case. */
    void prune(List<Change> changes) {
        for (Change change : changes) {
            if (change instanceof Change.Ended) {
                prunable.add(change.claim().volume());
            }
        }
        if (written < pruneAt) {
            return;
        }
        pruneAt = written + PRUNE_EVERY;
        try {
            client.keepLast(Keys.AUDIT, AUDIT_LINES_MAX);
            for (String volume : prunable) {
                client.keepLast(Keys.holdings(volume), HOLDINGS_MAX);
            }
            prunable.clear();
        } catch (EtcdException e) {
            LOG.log(WARNING, "the oldest lines of the audit log stay: {0}", e.getMessage());
        }
    }
}
