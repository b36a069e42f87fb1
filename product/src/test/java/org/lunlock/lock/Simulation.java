// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.PriorityQueue;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * Some hosts, one target and a schedule of faults, all from one seed: the same seed is the same
 * run. First a time of faults, then a calm one in which every host must get the volume.
 *
 * <p>What is checked, at every write that reaches the medium and at every change of hands, is what
 * docs/fencing.md promises. A violation is an {@link AssertionError} that names the seed.
 */
final class Simulation {
    static final Duration TERM = Duration.ofSeconds(3);

    private static final long TERM_NANOS = TERM.toNanos();
    private static final int HOSTS = 3;
    private static final long FAULTS_UNTIL = 6 * TERM_NANOS;
    private static final long CALM_UNTIL = FAULTS_UNTIL + 12 * TERM_NANOS;

    /** The fastest clock against true time: nobody may be preempted sooner than a term by it. */
    private static final double FASTEST = 1.08;

    /** What a host runs: the real thing, or one with a mistake planted in it. */
    interface Variant {
        LeaseRules rules(Lease lease);

        default boolean replaysBeforeCheck() {
            return false;
        }
    }

    private record Event(long at, long order, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(at, other.at);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    private final long seed;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<SimulatedHost> hosts = new ArrayList<>();
    private final Deque<String> trace = new ArrayDeque<>();
    private final boolean tracing;
    private long order;
    private final Map<LeaseKey, Integer> changes = new HashMap<>();
    private int latestTenure;
    private @Nullable SimulatedHost tenant;
    private long keySetAt;
    private int keySetBy;

    final Random random;
    final SimulatedTarget target;
    boolean targetUp = true;
    boolean calm;
    long now;

    Simulation(long seed, Variant variant, boolean tracing) {
        this.seed = seed;
        this.tracing = tracing;
        this.random = new Random(seed);
        SimulatedTarget.Flavour[] flavours = SimulatedTarget.Flavour.values();
        this.target = new SimulatedTarget(flavours[random.nextInt(flavours.length)]);
        for (int i = 0; i < HOSTS; i++) {
            Lease lease = new Lease(i + 1, new LeaseTimes(TERM), random.nextLong());
            hosts.add(new SimulatedHost(i, this, lease, variant));
        }
    }

    /** Runs the schedule to its end. */
    void run() {
        hosts.forEach(host -> at(random.nextLong(TERM_NANOS), host::start));
        scheduleFault();
        runUntil(FAULTS_UNTIL);
        calmDown();
        while (now < CALM_UNTIL && hosts.stream().anyMatch(host -> host.grants == 0)) {
            runUntil(now + TERM_NANOS / 4);
        }
        for (SimulatedHost host : hosts) {
            if (host.grants == 0) {
                throw violation(host + " never got the volume though nothing was wrong");
            }
        }
    }

    private void runUntil(long end) {
        while (!events.isEmpty() && events.peek().at() <= end) {
            Event event = events.remove();
            now = event.at();
            event.what().run();
        }
        now = end;
    }

    // ---- faults ----

    private void scheduleFault() {
        at(
                now + random.nextLong(2 * TERM_NANOS / 3),
                () -> {
                    if (!calm) {
                        fault(hosts.get(random.nextInt(HOSTS)));
                        scheduleFault();
                    }
                });
    }

    private void fault(SimulatedHost host) {
        long howLong = random.nextLong(random.nextBoolean() ? TERM_NANOS / 3 : 3 * TERM_NANOS);
        switch (random.nextInt(7)) {
            case 0, 1 -> {
                host.cutOff(true);
                at(now + howLong, () -> host.cutOff(false));
            }
            case 2 -> host.pause(howLong);
            case 3 -> {
                host.crash();
                at(now + howLong, () -> startAgain(host));
            }
            case 4 -> host.reset();
            default -> {
                if (targetUp) {
                    targetUp = false;
                    target.restart();
                    hosts.forEach(SimulatedHost::reset);
                    at(now + howLong / 8, () -> targetUp = true);
                }
            }
        }
    }

    private void startAgain(SimulatedHost host) {
        if (!host.isRunning()) {
            host.start();
        }
    }

    private void calmDown() {
        calm = true;
        targetUp = true;
        hosts.forEach(host -> {
            host.cutOff(false);
            host.grants = 0;
            host.wants = true;
            startAgain(host);
        });
    }

    // ---- what is checked ----

    /**
     * A host's lease says that the volume is newly its own. Tenures are numbered by when the target
     * made the key the holder's, which a paused host may learn late.
     */
    int granted(SimulatedHost host, LeaseKey key) {
        int tenure = Objects.requireNonNull(changes.get(key), "nobody registered it");
        if (tenure > latestTenure) {
            latestTenure = tenure;
            tenant = host;
        }
        return tenure;
    }

    /** A write reached the medium. */
    void landed(SimulatedHost host, int tenure) {
        if (tenure != latestTenure) {
            throw violation(
                    "a write of %s from tenure %d landed in tenure %d of %s"
                            .formatted(host, tenure, latestTenure, tenant));
        }
    }

    /** Executes it, and checks that nobody loses the volume who renews in time. */
    Outcome execute(SimulatedTarget.Nexus nexus, Command command) {
        LeaseKey before = holder();
        Outcome outcome = target.execute(nexus, command);
        LeaseKey after = holder();
        if (!after.equals(before)) {
            boolean preempted =
                    command instanceof Command.Preempt
                            && keySetBy != nexus.initiator()
                            && !before.is(LeaseKey.Kind.PARKED);
            if (preempted && now - keySetAt < TERM_NANOS / FASTEST) {
                throw violation(
                        "host " + nexus.initiator() + " took " + before + " that was alive");
            }
            keySetAt = now;
            keySetBy = nexus.initiator();
            changes.put(after, changes.size() + 1);
        }
        return outcome;
    }

    private LeaseKey holder() {
        Observation.Reservation reservation = target.observe().reservation();
        return reservation == null ? LeaseKey.NONE : reservation.key();
    }

    private AssertionError violation(String what) {
        String where = "seed " + seed + " at " + now / 1_000_000 + " ms: ";
        return new AssertionError(where + what + "\n" + String.join("\n", trace));
    }

    // ---- time ----

    void at(long time, Runnable what) {
        events.add(new Event(time, order++, what));
    }

    /** The target takes its time with a write: mostly little, sometimes more than a term. */
    void land(SimulatedTarget.Task task, Runnable acknowledge) {
        long time = random.nextInt(40) == 0 ? 2 * TERM_NANOS : TERM_NANOS / 100;
        at(
                now + random.nextLong(time),
                () -> {
                    if (target.land(task)) {
                        acknowledge.run();
                    }
                });
    }

    /** Seconds, as a wall clock gives them to {@link LeaseEvent.Wanted}. */
    int epochNow() {
        return 1_900_000_000 + (int) (now / 1_000_000_000);
    }

    void trace(SimulatedHost host, LeaseEvent event, Transition transition) {
        if (tracing) {
            String to = transition.state().getClass().getSimpleName();
            long millis = now / 1_000_000;
            trace.add(
                    "%6d %s: %s -> %s %s".formatted(millis, host, event, to, transition.actions()));
            if (trace.size() > 200) {
                trace.removeFirst();
            }
        }
    }
}
