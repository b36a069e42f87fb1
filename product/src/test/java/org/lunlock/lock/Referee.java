// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lunlock.lock.LeaseKey.Kind;
import org.lunlock.lock.Tally.What;

/**
 * Sees everything that the target does in a {@link Simulation}, and objects to what docs/fencing.md
 * rules out.
 */
final class Referee {
    /** The fastest clock against true time: nobody may be preempted sooner than a term by it. */
    static final double FASTEST = 1.08;

    /** The slowest. */
    static final double SLOWEST = 0.92;

    /** A block that is written by one command: who wrote last, and how his writes are numbered. */
    private record Content(int tenure, long number) {}

    private static final Content EMPTY = new Content(0, 0);

    private final Simulation simulation;
    private final SimulatedTarget target;
    private final Map<LeaseKey, Integer> changes = new HashMap<>();
    private final Set<LeaseKey> keys = new HashSet<>(); // that were ever registered
    private final Map<Integer, Content> medium = new HashMap<>();
    private int latestTenure;
    private @Nullable SimulatedHost tenant;
    private LeaseKey holder = LeaseKey.NONE;
    private long keySetAt;
    private int keySetBy;
    private int life; // counts the target's power losses
    private long version; // counts what has landed

    Referee(Simulation simulation, SimulatedTarget target) {
        this.simulation = simulation;
        this.target = target;
    }

    /** Executes it, and checks that nobody loses the volume who renews in time. */
    Outcome execute(SimulatedTarget.Nexus nexus, Command command) {
        if (command instanceof Command.Preempt preempt && preempt.victim().equals(LeaseKey.NONE)) {
            simulation.tally.count(What.WRITERS_AFTER_READERS);
        }
        Outcome outcome = target.execute(nexus, command);
        LeaseKey registered = registers(command);
        if (outcome instanceof Outcome.Good
                && !registered.equals(LeaseKey.NONE)
                && !keys.add(registered)) {
            throw simulation.violation(registered + " was registered once before");
        }
        LeaseKey before = holder;
        holder = target.holder();
        if (!holder.equals(before)) {
            boolean fromOne = !before.equals(LeaseKey.NONE); // and not from readers
            if (command instanceof Command.Preempt && fromOne && keySetBy != nexus.initiator()) {
                preempted(nexus, before);
            }
            keySetAt = simulation.now;
            keySetBy = nexus.initiator();
            changes.put(holder, changes.size() + 1);
        } else if (nexus.initiator() == keySetBy && renews(command, outcome)) {
            keySetAt = simulation.now;
        }
        return outcome;
    }

    private static LeaseKey registers(Command command) {
        return switch (command) {
            case Command.Register register -> register.to();
            case Command.RegisterAnyway register -> register.to();
            case Command.Observe _,
                    Command.Reserve _,
                    Command.Release _,
                    Command.Preempt _,
                    Command.ResetLogicalUnit _ ->
                    LeaseKey.NONE;
        };
    }

    private boolean renews(Command command, Outcome outcome) {
        return outcome instanceof Outcome.Good
                && command instanceof Command.Register(LeaseKey _, LeaseKey to, boolean _)
                && to.equals(holder);
    }

    private void preempted(SimulatedTarget.Nexus nexus, LeaseKey victim) {
        if (victim.is(Kind.PARKED)) {
            simulation.tally.count(What.PARKED);
            return;
        }
        simulation.tally.count(What.TAKEOVERS);
        if (simulation.now - keySetAt < Simulation.TERM_NANOS / FASTEST) {
            throw simulation.violation(
                    "host " + nexus.initiator() + " took " + victim + " that was alive");
        }
    }

    /**
     * A host's lease says that the volume is newly its own. Tenures are numbered by when the target
     * made the key the holder's, which a paused host may learn late.
     */
    int granted(SimulatedHost host, LeaseKey key) {
        simulation.tally.count(What.GRANTS);
        Integer tenure = changes.get(key);
        if (tenure == null) {
            throw simulation.violation(host + " has the volume, and never held the reservation");
        }
        if (tenure > latestTenure) {
            latestTenure = tenure;
            tenant = host;
        }
        return tenure;
    }

    /** A write can be read from now on. */
    void landed(SimulatedHost host, SimulatedHost.Write write) {
        write.life = life;
        version++;
        if (target.isShared()) {
            throw simulation.violation(
                    "write %d of %s landed while readers have the volume"
                            .formatted(write.number, host));
        }
        if (write.tenure != latestTenure) {
            throw simulation.violation(
                    "a write of %s from tenure %d landed in tenure %d of %s"
                            .formatted(host, write.tenure, latestTenure, tenant));
        }
        Content content = medium.getOrDefault(write.block, EMPTY);
        if (content.tenure() == write.tenure && content.number() > write.number) {
            throw simulation.violation(
                    "write %d of %s landed again, over write %d to the same block"
                            .formatted(write.number, host, content.number()));
        }
        medium.put(write.block, new Content(write.tenure, write.number));
    }

    /** What there is to read when a host looks. */
    long version() {
        return version;
    }

    /** A host's lease says that it may read, newly. */
    void grantedToRead() {
        simulation.tally.count(
                target.registrants() > 1 ? What.READERS_BESIDE_OTHERS : What.READERS);
    }

    /**
     * A host has read something: it was not written after the host had been let in.
     *
     * @param since {@link #version} when it was let in
     * @param found the one that it read
     */
    void read(SimulatedHost host, long since, long found) {
        simulation.tally.count(What.READS);
        if (since != found) {
            throw simulation.violation(host + " reads what was written since it was let in");
        }
    }

    void powerLost(int cachedWrites) {
        life++;
        holder = target.holder();
        simulation.tally.count(What.TARGET_RESTARTS);
        if (holder.equals(LeaseKey.NONE) && !target.keeps()) {
            simulation.tally.count(What.FORGOTTEN_RESERVATIONS);
        }
        if (cachedWrites > 0) {
            simulation.tally.count(What.LOST_CACHED_WRITES);
        }
    }

    /** When a flush is executed, for {@link #flushed}. */
    int life() {
        return life;
    }

    /**
     * A flush was acknowledged: what this host had been told before it was sent that it is written
     * is on the medium. What was lost in a power loss before the flush was executed no flush can
     * bring back; docs/fencing.md says so.
     */
    void flushed(SimulatedHost host, List<SimulatedHost.Write> before, long executedIn) {
        simulation.tally.count(What.ACKNOWLEDGED_FLUSHES);
        for (SimulatedHost.Write write : before) {
            if (!write.settled && write.life == executedIn) {
                throw simulation.violation(
                        "write %d of %s was flushed, and is not on the medium"
                                .formatted(write.number, host));
            }
        }
    }
}
