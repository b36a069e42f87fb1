// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.lunlock.lock.Tally.What;

/**
 * Some hosts, one target and a schedule of faults, all from one seed: the same seed is the same
 * run. No threads and no real time. First a time of faults, then a calm one in which every host
 * must get the volume.
 *
 * <p>A violation of what docs/fencing.md promises is an {@link AssertionError} that names the seed.
 */
final class Simulation {
    static final Duration TERM = Duration.ofSeconds(3);
    static final long TERM_NANOS = TERM.toNanos();

    /**
     * When nothing goes wrong any more, a volume that somebody waits for is held again within this:
     * a broken connection is noticed and made anew within 0.4 terms here; then the last holder's
     * key, or a target that has forgotten everything, is left alone for a term by a clock that may
     * run slow; then somebody looks and claims.
     */
    static final Duration GRANTED_WITHIN = TERM.multipliedBy(2);

    private static final int HOSTS = 3;
    private static final long FAULTS_UNTIL = 6 * TERM_NANOS;
    private static final long CALM_UNTIL = FAULTS_UNTIL + 12 * TERM_NANOS;
    private static final long CALM_LOOK = TERM_NANOS / 16;
    private static final int TRACE_MAX = 200;

    private final long seed;
    private final Agenda agenda = new Agenda();
    private final List<SimulatedHost> hosts = new ArrayList<>();
    private final Deque<String> trace = new ArrayDeque<>();
    private final boolean tracing;

    final SplittableRandom random;
    final SimulatedTarget target;
    final Referee referee;
    final Tally tally;
    boolean targetUp = true;
    boolean calm;
    long now;

    Simulation(long seed, Conduct conduct, Tally tally, boolean tracing) {
        this.seed = seed;
        this.tally = tally;
        this.tracing = tracing;
        this.random = new SplittableRandom(seed);
        SimulatedTarget.Flavour[] flavours = SimulatedTarget.Flavour.values();
        this.target = new SimulatedTarget(flavours[random.nextInt(flavours.length)]);
        this.referee = new Referee(this, target);
        for (int i = 0; i < HOSTS; i++) {
            Lease lease = new Lease(i + 1, new LeaseTimes(TERM), random.nextLong());
            hosts.add(new SimulatedHost(i, this, lease, conduct));
        }
    }

    /** Runs the schedule to its end. */
    void run() {
        hosts.forEach(host -> at(random.nextLong(TERM_NANOS), host::start));
        scheduleFault();
        runUntil(FAULTS_UNTIL);
        calmDown();
        long quietSince = now;
        while (hosts.stream().anyMatch(host -> host.grants == 0)) {
            runUntil(now + CALM_LOOK);
            if (hosts.stream().anyMatch(SimulatedHost::holds)
                    || hosts.stream().noneMatch(SimulatedHost::waits)) {
                quietSince = now;
            } else if (now - quietSince > GRANTED_WITHIN.toNanos()) {
                throw violation("nobody has the volume for " + GRANTED_WITHIN + ", and some wait");
            }
            if (now > CALM_UNTIL) {
                throw violation("not every host got the volume though nothing was wrong");
            }
        }
    }

    private void runUntil(long end) {
        while (agenda.nextAt() <= end) {
            now = agenda.nextAt();
            try {
                agenda.remove().run();
            } catch (IllegalStateException e) { // a check of the lease's or of the target's
                throw (AssertionError) violation(e.toString()).initCause(e);
            }
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
        switch (random.nextInt(10)) {
            case 0, 1 -> {
                tally.count(What.CUT_OFFS);
                host.cutOff(true);
                at(now + howLong, () -> host.cutOff(false));
            }
            case 2, 3, 4 -> {
                tally.count(What.PAUSES);
                host.pause(howLong);
            }
            case 5 -> {
                tally.count(What.CRASHES);
                host.crash();
                at(now + howLong, () -> startAgain(host));
            }
            case 6 -> host.reset();
            case 7 -> {
                tally.count(What.WALL_CLOCK_JUMPS);
                host.jumpWallClock();
            }
            case 8 -> {
                tally.count(What.FULL_DISKS);
                host.fillDisk(true);
                at(now + howLong, () -> host.fillDisk(false));
            }
            default -> {
                if (targetUp) {
                    targetUp = false;
                    referee.powerLost(target.restart());
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
            host.fillDisk(false);
            host.wantOnceMore();
            startAgain(host);
        });
    }

    // ---- time ----

    void at(long time, Runnable what) {
        agenda.add(time, what);
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

    // ---- what is told ----

    AssertionError violation(String what) {
        String where = "seed " + seed + " at " + now / 1_000_000 + " ms: ";
        return new AssertionError(where + what + "\n" + String.join("\n", trace));
    }

    void trace(SimulatedHost host, LeaseEvent event, Transition transition) {
        if (tracing) {
            String to = transition.state().getClass().getSimpleName();
            long millis = now / 1_000_000;
            trace.add(
                    "%6d %s: %s -> %s %s".formatted(millis, host, event, to, transition.actions()));
            if (trace.size() > TRACE_MAX) {
                trace.removeFirst();
            }
        }
    }
}
