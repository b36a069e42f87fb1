// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
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
    private final Map<Integer, Content> medium = new HashMap<>();
    private int latestTenure;
    private @Nullable SimulatedHost tenant;
    private LeaseKey holder = LeaseKey.NONE;
    private long keySetAt;
    private int keySetBy;
    private int life; // counts the target's power losses

    Referee(Simulation simulation, SimulatedTarget target) {
        this.simulation = simulation;
        this.target = target;
    }

    /** Executes it, and checks that nobody loses the volume who renews in time. */
    Outcome execute(SimulatedTarget.Nexus nexus, Command command) {
        Outcome outcome = target.execute(nexus, command);
        LeaseKey before = holder;
        holder = target.holder();
        if (!holder.equals(before)) {
            if (command instanceof Command.Preempt && keySetBy != nexus.initiator()) {
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

    private static boolean renews(Command command, Outcome outcome) {
        return outcome instanceof Outcome.Good && command instanceof Command.Register;
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
    void flushed(SimulatedHost host, List<SimulatedHost.Write> before, int executedIn) {
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
