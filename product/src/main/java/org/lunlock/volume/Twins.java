// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.session.ScsiExecutor;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.lock.HolderInfo;
import org.lunlock.lock.LeaseKey;

/**
 * Holders that pass for this host: a copy of it, or another host that was given its initiator name.
 * A copy shows by the host id in its key; both show where the target tells who registered which key
 * (LIO does, tgt 1.0.85 does not). Thread-safe.
 */
final class Twins {
    private static final String COPY =
            "a copy of this host (each machine needs a state directory of its own)";

    private enum Likeness {
        NONE,
        NAME,
        NAME_AND_ISID
    }

    private final ScsiExecutor executor;
    private final Lun lun;
    private final String name;
    private final String port;
    private final Set<Integer> copies = ConcurrentHashMap.newKeySet();
    private final Map<Integer, Likeness> asked = new ConcurrentHashMap<>();

    /**
     * @param executor one that fails at once when there is no connection
     * @param own how this host logs in
     */
    Twins(ScsiExecutor executor, Lun lun, SessionOptions own) {
        this.executor = executor;
        this.lun = lun;
        this.name = own.initiator().value();
        this.port = name + ",i,0x" + own.isid();
    }

    /** Asks the target who that is, once for each host. Waits for the answer. */
    void look(LeaseKey holder) {
        if (holder.isLunlock() && !asked.containsKey(holder.hostId())) {
            asked.put(holder.hostId(), likeness(holder.hostId()));
        }
    }

    private Likeness likeness(int hostId) {
        try {
            Likeness most = Likeness.NONE;
            for (PersistentReserveIn.Registration one :
                    executor.execute(lun, PersistentReserveIn.readFullStatus()).registrations()) {
                LeaseKey key = new LeaseKey(one.key().value());
                if (key.isLunlock() && key.hostId() == hostId) {
                    Likeness found = likeness(one.transportId().toLowerCase(Locale.ROOT));
                    most = found.compareTo(most) > 0 ? found : most;
                }
            }
            return most;
        } catch (IscsiException e) {
            return Likeness.NONE; // the target does not tell, or not now
        }
    }

    private Likeness likeness(String transportId) {
        if (transportId.equals(port)) {
            return Likeness.NAME_AND_ISID;
        }
        return transportId.startsWith(name + ",") ? Likeness.NAME : Likeness.NONE;
    }

    /** What people should know of this holder; null when it is just another host. */
    @Nullable String remark(HolderInfo holder) {
        if (!holder.key().isLunlock()) {
            return null;
        }
        int hostId = holder.key().hostId();
        if (holder.sharesOurHostId()) { // it is seen once: from then on this host has another
            copies.add(hostId);
        }
        Likeness likeness = asked.getOrDefault(hostId, Likeness.NONE);
        if (copies.contains(hostId) || likeness == Likeness.NAME_AND_ISID) {
            return COPY;
        }
        return likeness == Likeness.NAME
                ? "another host with the initiator name of this one, %s (give each its own)"
                        .formatted(name)
                : null;
    }
}
