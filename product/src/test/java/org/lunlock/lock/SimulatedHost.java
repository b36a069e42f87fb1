// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lunlock.lock.Tally.What;

/**
 * One host in a {@link Simulation}: a lease, a session that reconnects and replays, and something
 * that writes and flushes while it holds the volume. Its clocks run unevenly, the wall clock jumps;
 * it can be paused, cut off and killed.
 */
final class SimulatedHost {
    private static final long MILLIS = 1_000_000;
    private static final long LOSS_NOTICED_AFTER = 900 * MILLIS;
    private static final int EPOCH_AT_START = 1_900_000_000;
    private static final int DAY_SECONDS = 86_400;
    private static final int OUTSTANDING_MAX = 4;

    /** What the volume's user has asked for and has no answer to yet. */
    sealed interface Request permits Write, Flush, Read {}

    /** A write of one tenure; its number tells it from its like. */
    static final class Write implements Request, SimulatedTarget.Blocks {
        private final SimulatedHost host;
        final int tenure;
        final long number;
        final int block;
        int life; // of the target, when it landed
        boolean settled;

        Write(SimulatedHost host, int tenure, long number, int block) {
            this.host = host;
            this.tenure = tenure;
            this.number = number;
            this.block = block;
        }

        @Override
        public void land() {
            host.simulation.referee.landed(host, this);
        }

        @Override
        public void settle() {
            settled = true;
        }
    }

    private record Flush(List<Write> before) implements Request {}

    /** A read by a host that was let in when the target's content was of this version. */
    private record Read(long version, long number) implements Request {}

    final int id;
    private final Lease lease;
    private final Simulation simulation;
    private final SimulatedTarget target;
    private final SplittableRandom random;
    private final Conduct conduct;
    private final double clockRate;
    private final long clockOffset;
    private int wallClockSeconds;

    private OwnKeys disk = OwnKeys.NONE;
    private boolean diskFull;
    private LeaseState state;
    private SimulatedTarget.@Nullable Nexus session;
    private int incarnation; // counts crashes
    private int ticket; // counts commands that were begun or forgotten
    private boolean commandUnderWay;
    private int timer;
    private boolean guarding;
    private boolean cutOff;
    private long pausedUntil;
    private long heardAt;
    private boolean running;

    private int tenure;
    private long lookedAt; // the target's content when it was looked at last
    private long mayRead; // the content that a reader was let in to
    private final List<Request> outstanding = new ArrayList<>();
    private List<Write> acknowledged = new ArrayList<>();
    private long writes;
    private long holdUntil;
    private boolean wants = true;
    int grants;

    SimulatedHost(int id, Simulation simulation, Lease lease, Conduct conduct) {
        this.id = id;
        this.simulation = simulation;
        this.target = simulation.target;
        this.random = simulation.random;
        this.lease = lease;
        this.conduct = conduct;
        this.clockRate =
                Referee.SLOWEST + (Referee.FASTEST - Referee.SLOWEST) * random.nextDouble();
        this.clockOffset = random.nextLong(Long.MAX_VALUE / 2);
        this.wallClockSeconds = EPOCH_AT_START;
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
        forgetRequests();
        forgetCommand();
        guarding = false;
    }

    boolean isRunning() {
        return running;
    }

    /** Whether it has the volume, and is there to use it. */
    boolean holds() {
        return running && simulation.now >= pausedUntil && state instanceof LeaseState.Held;
    }

    /** Whether it has not had the volume since {@link #wantOnceMore}, and would take it. */
    boolean waits() {
        return running && simulation.now >= pausedUntil && grants == 0;
    }

    void pause(long nanos) {
        pausedUntil = Math.max(pausedUntil, simulation.now + nanos);
    }

    void cutOff(boolean cutOff) {
        this.cutOff = cutOff;
    }

    void fillDisk(boolean full) {
        diskFull = full;
    }

    void jumpWallClock() {
        wallClockSeconds += random.nextInt(2 * DAY_SECONDS) - DAY_SECONDS;
    }

    void wantOnceMore() {
        grants = 0;
        wants = true;
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
                    loggedIn(target.login(id));
                });
    }

    private void loggedIn(SimulatedTarget.Nexus fresh) {
        session = fresh;
        guarding = true;
        simulation.tally.count(What.REINSTATEMENTS);
        if (conduct.forgetsFlushes()) {
            List<Request> flushes = outstanding.stream().filter(Flush.class::isInstance).toList();
            flushes.forEach(flush -> acknowledged(flush, simulation.referee.life()));
        }
        if (conduct.replaysBeforeCheck()) {
            outstanding.forEach(this::send);
        }
        forgetCommand();
        step(new LeaseEvent.Reinstated());
    }

    /** Whether the guard is done: the session may send, or is no more, or has to be made anew. */
    private void endGuard() {
        if (!guarding || session == null || commandUnderWay) {
            return;
        }
        switch (state) {
            case LeaseState.Held _ -> {
                guarding = false;
                for (Request request : List.copyOf(outstanding)) {
                    simulation.tally.count(What.REPLAYED_REQUESTS);
                    send(request);
                }
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
                        Outcome outcome = simulation.referee.execute(through, command);
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
                    lookedAt = simulation.referee.version();
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

    private int epochNow() {
        return wallClockSeconds + (int) (simulation.now / 1_000_000_000);
    }

    private void step(LeaseEvent event) {
        LeaseState before = state;
        Transition transition = conduct.on(lease, before, event, clock());
        simulation.trace(this, event, transition);
        state = transition.state();
        count(before, state);
        for (Action action : transition.actions()) {
            switch (action) {
                case Command command -> perform(command);
                case Action.Persist(OwnKeys keys) -> {
                    if (diskFull) {
                        step(new LeaseEvent.StoreFailed("the disk is full"));
                        return;
                    }
                    disk = keys;
                }
                case Action.WakeAt(long at) -> wakeAt(at);
                case Action.Tell(Report report) -> tell(report);
            }
        }
        endGuard();
    }

    private void count(LeaseState before, LeaseState after) {
        if (before instanceof LeaseState.Fencing fencing && after instanceof LeaseState.Held) {
            switch (fencing.claim().way()) {
                case RESTARTED -> simulation.tally.count(What.COME_BACKS);
                case OWN, FORGOTTEN -> simulation.tally.count(What.OWN_AGAIN);
                case FREE, TAKEOVER, SHARING, AFTER_READERS -> {}
            }
        }
        if (after instanceof LeaseState.Lost && !(before instanceof LeaseState.Lost)) {
            simulation.tally.count(What.LOSSES);
        }
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
            if (key.reads()) {
                simulation.referee.grantedToRead();
                mayRead = lookedAt;
            } else {
                tenure = simulation.referee.granted(this, key);
            }
            grants++;
            forgetRequests();
            holdUntil = simulation.now + millis(100, holdForMillis());
        } else if (report instanceof Report.Lost || report instanceof Report.Freed) {
            forgetRequests();
        }
    }

    // ---- whoever uses the volume ----

    /** At most; some hold it for many terms, so that there is something to take over. */
    private int holdForMillis() {
        if (simulation.calm) {
            return 300;
        }
        int term = (int) Simulation.TERM.toMillis();
        return random.nextInt(3) == 0 ? 4 * term : term;
    }

    private void live() {
        switch (state) {
            case LeaseState.Free _ -> {
                if (wants && !commandUnderWay) {
                    LockMode mode = random.nextInt(5) < 2 ? LockMode.SHARED : LockMode.EXCLUSIVE;
                    step(new LeaseEvent.Wanted(epochNow(), false, null, mode));
                }
            }
            case LeaseState.Held(Known known, Tenure _, LeaseState.Renewal _, List<LeaseKey> _) -> {
                if (simulation.now < holdUntil) {
                    use(known.shares());
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
            case LeaseState.Waiting _,
                    LeaseState.Fencing _,
                    LeaseState.Losing _,
                    LeaseState.Releasing _ -> {}
        }
        after(millis(80, 400), this::live);
    }

    /** Writes, mostly; a block that is being written is not written by another command. */
    private void use(boolean reads) {
        if (outstanding.size() >= OUTSTANDING_MAX) {
            return;
        }
        if (reads) {
            ask(new Read(mayRead, ++writes));
            return;
        }
        if (random.nextInt(4) == 0) {
            ask(new Flush(List.copyOf(acknowledged)));
            return;
        }
        int block = random.nextInt(OUTSTANDING_MAX);
        if (outstanding.stream().noneMatch(other -> other instanceof Write w && w.block == block)) {
            ask(new Write(this, tenure, ++writes, block));
        }
    }

    private void ask(Request request) {
        outstanding.add(request);
        send(request);
    }

    private void forgetRequests() {
        outstanding.clear();
        acknowledged = new ArrayList<>();
    }

    private void send(Request request) {
        SimulatedTarget.Nexus through = session;
        if (through == null || (guarding && !conduct.replaysBeforeCheck())) {
            return; // sent when the guard is done
        }
        onTarget(
                through,
                () -> {
                    switch (request) {
                        case Write write -> execute(through, write);
                        case Flush flush -> execute(through, flush);
                        case Read read -> execute(through, read);
                    }
                });
    }

    private void execute(SimulatedTarget.Nexus through, Write write) {
        Outcome outcome =
                target.write(
                        through,
                        write,
                        task ->
                                simulation.land(
                                        task, () -> onHost(through, () -> acknowledged(write, 0))));
        if (!(outcome instanceof Outcome.Good)) {
            onHost(through, () -> refused(through, write, outcome));
        }
    }

    private void execute(SimulatedTarget.Nexus through, Flush flush) {
        Outcome outcome = target.synchronizeCache(through);
        int life = simulation.referee.life();
        if (outcome instanceof Outcome.Good) {
            onHost(through, () -> acknowledged(flush, life));
        } else {
            onHost(through, () -> refused(through, flush, outcome));
        }
    }

    private void execute(SimulatedTarget.Nexus through, Read read) {
        Outcome outcome = target.read(through);
        if (outcome instanceof Outcome.Good) {
            long version = simulation.referee.version();
            onHost(through, () -> acknowledged(read, version));
        } else {
            onHost(through, () -> refused(through, read, outcome));
        }
    }

    /**
     * The answer has come.
     *
     * @param executedAt the target's life for a flush, its content for a read
     */
    private void acknowledged(Request request, long executedAt) {
        if (!outstanding.remove(request)) {
            return;
        }
        switch (request) {
            case Read(long version, long _) -> simulation.referee.read(this, version, executedAt);
            case Write write -> acknowledged.add(write);
            case Flush(List<Write> before) -> {
                simulation.referee.flushed(this, before, executedAt);
                acknowledged.removeAll(before);
            }
        }
    }

    private void refused(SimulatedTarget.Nexus through, Request request, Outcome outcome) {
        if (!through.equals(session) || !outstanding.contains(request)) {
            return;
        }
        boolean preempted =
                !(outcome instanceof Outcome.Attention attention) || attention.preempted();
        forgetCommand();
        if (!preempted) {
            guarding = true;
            step(new LeaseEvent.Reinstated());
        } else {
            boolean reads = request instanceof Read;
            simulation.tally.count(reads ? What.REFUSED_READS : What.REFUSED_LATE_REQUESTS);
            forgetRequests();
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

    /** Answers of one connection come in the order in which they were sent. */
    private void onHost(SimulatedTarget.Nexus through, Runnable what) {
        if (cutOff) {
            noticeLoss(through);
        } else if (through.equals(session)) {
            heardAt = Math.max(heardAt + 1, simulation.now + millis(1, 15));
            after(heardAt - simulation.now, what);
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
        return random.nextLong(from * MILLIS, to * MILLIS);
    }

    @Override
    public String toString() {
        return "host " + id;
    }
}
