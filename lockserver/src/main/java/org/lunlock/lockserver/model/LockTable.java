// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.model.Claim.Rates;
import org.lunlock.lockserver.model.Refusal.Reason;
import org.lunlock.lockserver.model.VolumeLock.Entry;

/**
 * All locks. Whoever asks first gets a volume first; every grant has a fencing token above that of
 * every earlier grant of the volume.
 *
 * <p>A token is at least the wall clock's seconds since 1970 and above the floor, which is above
 * every token given before the start. So tokens go on rising when the store is an old copy: for
 * that, one of clock and floor has to be right, not both.
 *
 * <p>Not for more than one thread. A method that throws has changed nothing.
 */
public final class LockTable {
    /** A thousand hosts with ten claims each; every poll of one that waits counts its place. */
    static final int WAITING_MAX = 10_000;

    /** Far above any site; each takes memory until the next start. */
    static final int VOLUMES_MAX = 10_000;

    private final SequencedMap<String, VolumeLock> volumes = new TreeMap<>();
    private final List<Change> changes = new ArrayList<>();
    private final long tokenFloor;

    /**
     * @param tokenFloor every token is above it
     */
    public LockTable(long tokenFloor) {
        this.tokenFloor = tokenFloor;
    }

    // ----------------------------------------------------------------------------- after a start

    /** A volume that was stored. */
    public void restore(String volume, long lastToken) {
        volumes.put(volume, new VolumeLock(lastToken));
    }

    /**
     * A claim that was stored, in the order of the queue. How long nobody could reach the server is
     * not known, so its time begins anew.
     */
    public void restore(Claim claim, Now now) {
        VolumeLock lock = volumes.get(claim.volume());
        if (lock == null || claim.grant() != null && lock.holder() != null) {
            throw new IllegalArgumentException("two holders, or no volume: " + claim.volume());
        }
        lock.put(new Entry(claim, now.nanos()));
    }

    // --------------------------------------------------------------------------- what hosts want

    /**
     * Joins the queue, and holds the volume at once when it is free. The same id, the same claim.
     */
    public Claim claim(Claim wish, Now now) throws Refusal {
        VolumeLock lock = volumes.get(wish.volume());
        Entry known = lock == null ? null : lock.find(wish.id());
        if (known != null) {
            return heard(wish.volume(), wish.id(), wish.claimant().principal(), now);
        }
        if (lock == null) {
            if (volumes.size() >= VOLUMES_MAX) {
                throw new Refusal(Reason.FULL, "the server knows " + VOLUMES_MAX + " volumes");
            }
            lock = new VolumeLock(0);
            volumes.put(wish.volume(), lock);
        }
        if (lock.waiting().size() >= WAITING_MAX) {
            throw new Refusal(Reason.FULL, WAITING_MAX + " hosts wait for " + wish.volume());
        }
        lock.put(new Entry(wish, now.nanos()));
        changes.add(new Change.Queued(wish));
        grantNext(lock, now);
        return entry(lock, wish.id()).claim();
    }

    /** The claim, whose host is there still. A grant is not renewed by asking for it. */
    public Claim heard(String volume, String id, String principal, Now now) throws Refusal {
        VolumeLock lock = lock(volume);
        Claim claim = own(lock, id, principal);
        if (claim.grant() == null) {
            lock.put(new Entry(claim, now.nanos()));
        }
        changes.add(new Change.Heard(claim));
        return claim;
    }

    /** The holder goes on for one more lease. */
    public Claim renew(String volume, String id, String principal, @Nullable Rates rates, Now now)
            throws Refusal {
        VolumeLock lock = lock(volume);
        Claim claim = own(lock, id, principal);
        Claim.Grant grant = claim.grant();
        if (grant == null) {
            throw new Refusal(Reason.NOT_GRANTED, "the claim waits still");
        }
        Claim renewed = claim.renewed(grant, now.wall(), rates);
        lock.put(new Entry(renewed, now.nanos()));
        changes.add(new Change.Renewed(renewed));
        return renewed;
    }

    /** Gives the volume back, or leaves the queue. */
    public Claim release(String volume, String id, String principal, Now now) throws Refusal {
        VolumeLock lock = lock(volume);
        Claim claim = own(lock, id, principal);
        end(lock, new Change.Ended(claim, Ending.RELEASED, now.wall(), principal, ""), now);
        return claim;
    }

    // -------------------------------------------------------------------------- what others want

    /**
     * Takes the volume away from exactly the holder that was seen.
     *
     * @param token that holder's
     */
    public Claim force(String volume, long token, String by, String reason, Now now)
            throws Refusal {
        VolumeLock lock = volumes.get(volume);
        Entry holder = lock == null ? null : lock.holder();
        if (lock == null || holder == null) {
            throw new Refusal(Reason.OTHER_HOLDER, "nobody holds " + volume);
        }
        Claim.Grant grant = holder.claim().grant();
        if (grant == null || grant.token() != token) {
            throw new Refusal(
                    Reason.OTHER_HOLDER, volume + " has another holder now: look at it again");
        }
        end(lock, new Change.Ended(holder.claim(), Ending.FORCED, now.wall(), by, reason), now);
        return holder.claim();
    }

    /** Ends every claim whose host was silent for too long. Call it a few times a second. */
    public void expire(Now now) {
        for (VolumeLock lock : volumes.values()) {
            List<Claim> silent =
                    lock.waiting().values().stream()
                            .filter(it -> it.isOver(now.nanos()))
                            .map(Entry::claim)
                            .toList();
            Entry holder = lock.holder();
            for (Claim claim : silent) { // first: none of them may be the next holder
                end(lock, new Change.Ended(claim, Ending.EXPIRED, now.wall(), "", ""), now);
            }
            if (holder != null && holder.isOver(now.nanos())) {
                lapse(holder.claim().volume(), now);
            }
        }
    }

    // ---------------------------------------------------------------- what others did, elsewhere

    /**
     * The volume as it is stored by now. Who is next is granted it, if nobody has it.
     *
     * @param claims those that wait in their order
     * @return those that are new, not the same, or no longer there
     */
    public List<Claim> replace(String volume, long lastToken, List<Claim> claims, Now now) {
        VolumeLock old = volumes.getOrDefault(volume, new VolumeLock(0));
        VolumeLock fresh = new VolumeLock(lastToken);
        List<Claim> others = new ArrayList<>();
        for (Claim claim : claims) {
            Entry known = old.find(claim.id());
            if (known != null && known.claim().equals(claim)) {
                fresh.put(known);
            } else {
                fresh.put(new Entry(claim, now.nanos()));
                others.add(claim);
            }
        }
        for (Claim claim : old.claims()) {
            if (fresh.find(claim.id()) == null) {
                others.add(claim);
            }
        }
        volumes.put(volume, fresh);
        grantNext(fresh, now);
        return others;
    }

    /** Ends the holder's claim: wherever its time is kept, it is over. */
    public void lapse(String volume, Now now) {
        VolumeLock lock = volumes.get(volume);
        Entry holder = lock == null ? null : lock.holder();
        if (lock != null && holder != null) {
            end(lock, new Change.Ended(holder.claim(), Ending.EXPIRED, now.wall(), "", ""), now);
        }
    }

    /** What changed since this was asked last, in order. */
    public List<Change> takeChanges() {
        List<Change> taken = List.copyOf(changes);
        changes.clear();
        return taken;
    }

    // ------------------------------------------------------------------------------ what there is

    /**
     * A volume as it is.
     *
     * @param holder null when the volume is free
     * @param leaseLeft until the holder expires, as the holder counts; zero when it is overdue
     * @param waiting in their order, the next one first
     */
    public record Shown(
            String volume,
            long lastToken,
            @Nullable Claim holder,
            Duration leaseLeft,
            Collection<Claim> waiting) {}

    /** All volumes by name. */
    public List<String> volumes() {
        return List.copyOf(volumes.keySet());
    }

    /** The volume; one that nobody asked for yet is free. */
    public Shown show(String volume, Now now) {
        VolumeLock lock = volumes.get(volume);
        if (lock == null) {
            return new Shown(volume, 0, null, Duration.ZERO, List.of());
        }
        Entry holder = lock.holder();
        List<Claim> waiting = lock.waiting().values().stream().map(Entry::claim).toList();
        return new Shown(
                volume,
                lock.lastToken(),
                holder == null ? null : holder.claim(),
                holder == null ? Duration.ZERO : leaseLeft(holder, now),
                Collections.unmodifiableList(waiting));
    }

    private static Duration leaseLeft(Entry holder, Now now) {
        Duration passed = Duration.ofNanos(now.nanos() - holder.heardNanos());
        Duration left = holder.claim().lease().minus(passed);
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** 1 for who is next; 0 for the holder and for whoever does not wait. */
    public int place(String volume, String id) {
        VolumeLock lock = volumes.get(volume);
        return lock == null ? 0 : lock.place(id);
    }

    // ------------------------------------------------------------------------------------- inside

    private void end(VolumeLock lock, Change.Ended ended, Now now) {
        lock.remove(ended.claim());
        changes.add(ended);
        grantNext(lock, now);
    }

    private void grantNext(VolumeLock lock, Now now) {
        Claim next = lock.next();
        if (next != null) {
            long least = Math.max(tokenFloor, lock.lastToken()) + 1;
            long token = Math.max(least, now.wall().getEpochSecond());
            Claim granted = next.granted(token, now.wall());
            lock.put(new Entry(granted, now.nanos()));
            changes.add(new Change.Granted(granted, token));
        }
    }

    private VolumeLock lock(String volume) throws Refusal {
        VolumeLock lock = volumes.get(volume);
        if (lock == null) {
            throw unknownClaim();
        }
        return lock;
    }

    private static Claim own(VolumeLock lock, String id, String principal) throws Refusal {
        Entry entry = entry(lock, id);
        if (!entry.claim().claimant().principal().equals(principal)) {
            throw new Refusal(Reason.NOT_YOURS, "the claim is somebody else's");
        }
        return entry.claim();
    }

    private static Entry entry(VolumeLock lock, String id) throws Refusal {
        Entry entry = lock.find(id);
        if (entry == null) {
            throw unknownClaim();
        }
        return entry;
    }

    private static Refusal unknownClaim() {
        return new Refusal(Reason.UNKNOWN_CLAIM, "there is no such claim: it has ended");
    }
}
