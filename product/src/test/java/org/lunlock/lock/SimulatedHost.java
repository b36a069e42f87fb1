// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * One host in a {@link Simulation}: a lease, a session that reconnects and replays, and something
 * that writes while it holds the volume. Its clock runs unevenly; it can be paused, cut off and
 * killed.
 */
final class SimulatedHost {
    private static final long MILLIS = 1_000_000;
    private static final long LOSS_NOTICED_AFTER = 900 * MILLIS;

    /** A write of one tenure; the number of the write tells it from its like. */
    private record Write(int tenure, long number) {}

    final int id;
    private final Lease lease;
    private final Simulation simulation;
    private final SimulatedTarget target;
    private final Random random;
    private final LeaseRules rules;
    private final boolean replaysBeforeCheck;
    private final double clockRate;
    private final long clockOffset;

    private OwnKeys disk = OwnKeys.NONE;
    private LeaseState state;
    private SimulatedTarget.@Nullable Nexus session;
    private int incarnation; // counts crashes
    private int ticket; // counts commands that were begun or forgotten
    private boolean commandUnderWay;
    private int timer;
    private boolean guarding;
    private boolean cutOff;
    private long pausedUntil;
    private boolean running;

    private int tenure;
    private final List<Write> outstanding = new ArrayList<>();
    private long writes;
    private long holdUntil;
    boolean wants = true;
    int grants;

    SimulatedHost(int id, Simulation simulation, Lease lease, Simulation.Variant variant) {
        this.id = id;
        this.simulation = simulation;
        this.target = simulation.target;
        this.random = simulation.random;
        this.lease = lease;
        this.rules = variant.rules(lease);
        this.replaysBeforeCheck = variant.replaysBeforeCheck();
        this.clockRate = 0.92 + 0.16 * random.nextDouble();
        this.clockOffset = random.nextLong(Long.MAX_VALUE / 2);
        this.state = lease.start(disk);
    }

    // ---- what happens to a host ----

    void start() {
        running = true;
        state = lease.start(disk);
        reconnect();
        after(millis(1, 400), this::live);
    }

    void crash() {
        running = false;
        incarnation++;
        session = null;
        outstanding.clear();
        forgetCommand();
        guarding = false;
    }

    boolean isRunning() {
        return running;
    }

    void pause(long nanos) {
        pausedUntil = Math.max(pausedUntil, simulation.now + nanos);
    }

    void cutOff(boolean cutOff) {
        this.cutOff = cutOff;
    }

    /** The target closes the connection, if it can. */
    void reset() {
        if (!cutOff) {
            disconnect();
        }
    }

    /** The connection breaks: what was under way has no known outcome. */
    private void disconnect() {
        if (session == null || !running) {
            return;
        }
        session = null;
        guarding = true; // nothing is sent again before the lease agrees
        if (commandUnderWay) {
            forgetCommand();
            step(new LeaseEvent.Answered(new Outcome.Unknown("connection lost")));
        }
        reconnect();
    }

    // ---- the session ----

    private void reconnect() {
        after(
                millis(20, 300),
                () -> {
                    if (session != null) {
                        return;
                    }
                    if (cutOff || !simulation.targetUp) {
                        reconnect();
                        return;
                    }
                    session = target.login(id);
                    guarding = true;
                    if (replaysBeforeCheck) {
                        outstanding.forEach(this::send);
                    }
                    forgetCommand();
                    step(new LeaseEvent.Reinstated());
                });
    }

    /** Whether the guard is done: the session may send, or is no more, or has to be made anew. */
    private void endGuard() {
        if (!guarding || session == null || commandUnderWay) {
            return;
        }
        switch (state) {
            case LeaseState.Held _ -> {
                guarding = false;
                List.copyOf(outstanding).forEach(this::send);
            }
            case LeaseState.Losing _ -> disconnect();
            case LeaseState.Free _, LeaseState.Waiting _, LeaseState.Lost _ -> guarding = false;
            case LeaseState.Fencing _, LeaseState.Releasing _ -> {}
        }
    }

    private void forgetCommand() {
        ticket++;
        commandUnderWay = false;
    }

    private void perform(Command command) {
        int mine = ++ticket;
        commandUnderWay = true;
        SimulatedTarget.Nexus through = session;
        if (through == null) {
            after(LOSS_NOTICED_AFTER, () -> answer(mine, new Outcome.Unknown("no session")));
            return;
        }
        if (command instanceof Command.Observe) {
            onTarget(through, () -> observe(mine, through, target.readKeys().generation(), 3));
        } else {
            onTarget(
                    through,
                    () -> {
                        Outcome outcome = simulation.execute(through, command);
                        onHost(through, () -> answer(mine, outcome));
                    });
        }
    }

    /** READ KEYS came before; READ RESERVATION comes now, and both again if they do not fit. */
    private void observe(int mine, SimulatedTarget.Nexus through, long generation, int tries) {
        onTarget(
                through,
                () -> {
                    Outcome outcome = target.execute(through, new Command.Observe());
                    Observation observation = ((Outcome.Observed) outcome).observation();
                    if (observation.generation() == generation) {
                        onHost(through, () -> answer(mine, outcome));
                    } else if (tries > 1) {
                        observe(mine, through, observation.generation(), tries - 1);
                    } else {
                        onHost(
                                through,
                                () -> answer(mine, new Outcome.Unknown("keys keep changing")));
                    }
                });
    }

    private void answer(int mine, Outcome outcome) {
        if (mine == ticket && commandUnderWay) {
            commandUnderWay = false;
            step(new LeaseEvent.Answered(outcome));
        }
    }

    // ---- the lease ----

    private long clock() {
        return clockOffset + (long) (simulation.now * clockRate);
    }

    private void step(LeaseEvent event) {
        Transition transition = rules.on(state, event, clock());
        simulation.trace(this, event, transition);
        state = transition.state();
        for (Action action : transition.actions()) {
            switch (action) {
                case Command command -> perform(command);
                case Action.Persist(OwnKeys keys) -> disk = keys;
                case Action.WakeAt(long at) -> wakeAt(at);
                case Action.Tell(Report report) -> tell(report);
            }
        }
        endGuard();
    }

    private void wakeAt(long at) {
        int mine = ++timer;
        after(
                Math.max(0, (long) ((at - clock()) / clockRate)) + 1,
                () -> {
                    if (mine == timer && !commandUnderWay) {
                        step(new LeaseEvent.Timer());
                    }
                });
    }

    private void tell(Report report) {
        if (report instanceof Report.Acquired(LeaseKey key, long _)) {
            tenure = simulation.granted(this, key);
            grants++;
            outstanding.clear();
            holdUntil = simulation.now + millis(100, simulation.calm ? 300 : 3_000);
        } else if (report instanceof Report.Lost || report instanceof Report.Freed) {
            outstanding.clear();
        }
    }

    // ---- whoever uses the volume ----

    private void live() {
        switch (state) {
            case LeaseState.Free _ -> {
                if (wants && !commandUnderWay) {
                    step(new LeaseEvent.Wanted(simulation.epochNow()));
                }
            }
            case LeaseState.Held _ -> {
                if (simulation.now < holdUntil) {
                    write();
                } else if (outstanding.isEmpty() && !commandUnderWay) {
                    wants = !simulation.calm || grants == 0;
                    step(new LeaseEvent.Unwanted());
                }
            }
            case LeaseState.Lost _ -> {
                if (!commandUnderWay) {
                    step(new LeaseEvent.Unwanted());
                }
            }
            default -> {}
        }
        after(millis(50, 300), this::live);
    }

    private void write() {
        if (outstanding.size() < 4) {
            Write write = new Write(tenure, ++writes);
            outstanding.add(write);
            send(write);
        }
    }

    private void send(Write write) {
        SimulatedTarget.Nexus through = session;
        if (through == null || (guarding && !replaysBeforeCheck)) {
            return; // sent when the guard is done
        }
        onTarget(
                through,
                () -> {
                    Outcome outcome =
                            target.write(
                                    through,
                                    () -> simulation.landed(this, write.tenure()),
                                    task ->
                                            simulation.land(
                                                    task, () -> acknowledged(through, write)));
                    if (!(outcome instanceof Outcome.Good)) {
                        onHost(through, () -> refused(through, write, outcome));
                    }
                });
    }

    private void acknowledged(SimulatedTarget.Nexus through, Write write) {
        onHost(through, () -> outstanding.remove(write));
    }

    private void refused(SimulatedTarget.Nexus through, Write write, Outcome outcome) {
        if (!through.equals(session) || !outstanding.contains(write)) {
            return;
        }
        boolean preempted =
                !(outcome instanceof Outcome.Attention attention) || attention.preempted();
        if (!preempted) {
            guarding = true;
            forgetCommand();
            step(new LeaseEvent.Reinstated());
        } else {
            outstanding.clear();
            forgetCommand();
            step(new LeaseEvent.Fenced(String.valueOf(outcome)));
        }
    }

    // ---- time and network ----

    private void onTarget(SimulatedTarget.Nexus through, Runnable what) {
        simulation.at(
                simulation.now + millis(1, 15),
                () -> {
                    if (!cutOff && simulation.targetUp && target.isLoggedIn(through)) {
                        what.run();
                    } else {
                        noticeLoss(through);
                    }
                });
    }

    private void onHost(SimulatedTarget.Nexus through, Runnable what) {
        if (cutOff) {
            noticeLoss(through);
        } else if (through.equals(session)) {
            after(millis(1, 15), what);
        }
    }

    /** TCP loses nothing; a segment that never arrives breaks the connection some time later. */
    private void noticeLoss(SimulatedTarget.Nexus through) {
        after(
                LOSS_NOTICED_AFTER,
                () -> {
                    if (through.equals(session)) {
                        disconnect();
                    }
                });
    }

    /** Runs it on this host, unless it crashed meanwhile; later if it is paused. */
    private void after(long nanos, Runnable what) {
        int mine = incarnation;
        simulation.at(simulation.now + nanos, () -> unpaused(mine, what));
    }

    private void unpaused(int mine, Runnable what) {
        if (mine != incarnation || !running) {
            return;
        }
        if (simulation.now < pausedUntil) {
            simulation.at(pausedUntil, () -> unpaused(mine, what));
        } else {
            what.run();
        }
    }

    private long millis(int from, int to) {
        return (from + random.nextInt(to - from + 1)) * MILLIS;
    }

    @Override
    public String toString() {
        return "host " + id;
    }
}
