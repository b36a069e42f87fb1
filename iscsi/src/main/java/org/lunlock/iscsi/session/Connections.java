// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;

/**
 * The connections of a session, the leading one first: one thread waits for all of them and takes
 * what they bring, and a command goes to the one that has the fewest under way. They are made, and
 * lost, together. RFC 7143 §4.2.2.1 (Command Numbering and Acknowledging): CmdSN is the session's,
 * whichever connection a command takes.
 */
final class Connections {
    /** PDUs are taken for so long, however many come, before everything else has its turn. */
    private static final long READING_NANOS = Duration.ofMillis(100).toNanos();

    /**
     * While an answer is expected at once it sleeps no longer: something may wait for it. More than
     * Linux's tick of 4 ms, for what is sooner the processor's timer is set and set back, at every
     * wait, and in a virtual machine each time by its host.
     */
    private static final long EXPECTED_NANOS_MAX = Duration.ofMillis(5).toNanos();

    private final Pace pace = new Pace(System.nanoTime());
    private final Merger merger;
    private volatile Connection[] all = {};
    private volatile boolean beyondRecovery;

    /** The reading thread while it takes PDUs; every other thread sees somebody else or nobody. */
    private @Nullable Thread taking;

    /**
     * @param merger hears whether answers are expected at once
     */
    Connections(Merger merger) {
        this.merger = merger;
    }

    /** In place of all that there were. With the lock of the session held. */
    void begin(Connection leading) {
        all = new Connection[] {leading};
        beyondRecovery = false;
    }

    /** One more, which nobody has awaited yet. With the lock of the session held. */
    void add(Connection joined) throws TransportException {
        joined.awaitedWith(leading());
        Connection[] more = Arrays.copyOf(all, all.length + 1);
        more[all.length] = joined;
        all = more;
    }

    Connection leading() {
        return all[0];
    }

    int size() {
        return all.length;
    }

    List<Connection> list() {
        return List.of(all);
    }

    /** What the target still has of them is of no use: only a new session helps. Any thread. */
    void beyondRecovery() {
        beyondRecovery = true;
    }

    boolean areBeyondRecovery() {
        return beyondRecovery;
    }

    // ------------------------------------------------------------------------ in the reading
    // thread

    /**
     * Waits for PDUs, room to send, or the time to pass; takes what there is to its tasks, and
     * sends what came of it.
     */
    void turn(long nanos) throws IscsiException {
        Connection[] now = all;
        int answered = answered(now);
        await(now, nanos);
        long until = System.nanoTime() + READING_NANOS;
        while (takeMore(now) && System.nanoTime() - until < 0) {}
        merger.answersComeAtOnce(pace.expectsAnAnswer());
        flushAll(); // there may be room again, or something else to say
        pace.answered(answered(now) - answered, System.nanoTime());
    }

    /** Waits in the way that pays, and takes what came. */
    private void await(Connection[] now, long nanos) throws IscsiException {
        int underWay = underWay(now);
        Pace.Wait wait = isAnyFull(now) ? Pace.Wait.SLEEP : pace.next(underWay);
        boolean came =
                switch (wait) {
                    case GATHER -> gather(now, pace.gatherNanos(underWay));
                    case LOOK -> look(now);
                    case SLEEP -> false;
                };
        if (!came) {
            boolean expected = wait == Pace.Wait.SLEEP && pace.expectsAnAnswer();
            merger.answersComeAtOnce(expected);
            flushAll(); // or what waits for an answer would wait asleep
            sleep(now, expected ? Math.min(nanos, EXPECTED_NANOS_MAX) : nanos);
        }
    }

    private boolean gather(Connection[] now, long nanos) throws IscsiException {
        LockSupport.parkNanos(nanos);
        boolean came = takeAll(now);
        if (came) {
            pace.gathered();
        } else {
            pace.inVain();
        }
        return came;
    }

    @SuppressWarnings("ThreadPriorityCheck") // nothing relies on the yield: it is a courtesy
    private boolean look(Connection[] now) throws IscsiException {
        long start = System.nanoTime();
        for (long looked = 0; looked < Pace.LOOK_NANOS; looked = System.nanoTime() - start) {
            if (takeAll(now)) {
                pace.came(looked);
                return true;
            }
            Thread.yield(); // the target may need this very CPU to answer
        }
        pace.inVain();
        return false;
    }

    private void sleep(Connection[] now, long nanos) throws IscsiException {
        long start = System.nanoTime();
        for (int i = 1; i < now.length; i++) {
            now[i].beAwaited();
        }
        now[0].await(nanos);
        pace.came(System.nanoTime() - start);
        for (Connection each : now) {
            each.noteRoom();
            take(each);
        }
    }

    private boolean takeAll(Connection[] now) throws IscsiException {
        boolean came = false;
        for (Connection each : now) {
            came |= take(each);
        }
        return came;
    }

    /** Commands that were sent and not answered: without the lock, an estimate. */
    private static int underWay(Connection[] now) {
        int tasks = 0;
        for (Connection each : now) {
            tasks += each.taskCount;
        }
        return tasks;
    }

    /** A number that counts up with every status. */
    private static int answered(Connection[] now) {
        int statSn = 0;
        for (Connection each : now) {
            statSn += each.expStatSn();
        }
        return statSn;
    }

    private static boolean isAnyFull(Connection[] now) {
        for (Connection each : now) {
            if (each.isFull()) {
                return true;
            }
        }
        return false;
    }

    /** Takes from those that may have more. Returns whether one still may. */
    private boolean takeMore(Connection[] now) throws IscsiException {
        boolean more = false;
        for (Connection each : now) {
            if (!each.drained()) {
                take(each);
                more |= !each.drained();
            }
        }
        return more;
    }

    /** Reads once, takes the PDUs that are there to their tasks, and sends what came of it. */
    private boolean take(Connection each) throws IscsiException {
        boolean came;
        taking = Thread.currentThread();
        try {
            came = each.take();
        } finally {
            taking = null;
        }
        if (came) {
            flush(each);
        }
        return came;
    }

    /** Pings those that are silent, and gives up on what is not answered. With the lock held. */
    void check(long now, Timeouts timeouts, boolean windowCloses) throws IscsiException {
        for (Connection each : all) {
            each.ping(now, timeouts);
            each.checkLogout(now, timeouts.of(Timeouts.Step.LOGOUT));
        }
        leading().checkWindow(now, timeouts.of(Timeouts.Step.COMMAND), windowCloses);
    }

    /** Seconds to stay away when they are gone. */
    int time2Wait() {
        int seconds = 0;
        for (Connection each : all) {
            seconds = Math.max(seconds, each.time2Wait());
        }
        return seconds;
    }

    // ------------------------------------------------------------------------ any thread

    /**
     * Sends what is queued. What comes of PDUs that are being taken, such as the next command of a
     * caller whose last one ended, waits until all of them are: then it leaves in one batch.
     */
    void flush() {
        if (taking != Thread.currentThread()) {
            flush(leastBusy(all));
        }
    }

    private void flush(Connection first) {
        Connection one = first;
        while (one.flush()) {
            one = leastBusy(all);
        }
    }

    /**
     * How many of the commands that wait this one may send, so that each connection has as many
     * under way as any other. With the lock held.
     */
    int share(Connection one, int waiting) {
        Connection[] now = all;
        if (now.length == 1) {
            return waiting;
        }
        if (waiting == 0 || leastBusy(now) != one) {
            return 0;
        }
        return Math.max(1, Math.ceilDiv(underWay(now) + waiting, now.length) - one.taskCount);
    }

    private static Connection leastBusy(Connection[] now) {
        Connection best = now[0];
        for (int i = 1; i < now.length; i++) {
            if (now[i].isLessBusyThan(best)) {
                best = now[i];
            }
        }
        return best;
    }

    /** Sends what each of them owes, and what is queued. */
    void flushAll() {
        if (taking != Thread.currentThread()) {
            for (Connection each : all) {
                flush(each);
            }
        }
    }

    /** Ends reading and writing. */
    void close() {
        for (Connection each : all) {
            each.close();
        }
    }

    /** Ends sending; no buffer is touched after it. With the lock held. */
    void abandon() {
        for (Connection each : all) {
            each.abandon();
        }
    }

    /** No response will come any more. Without the lock. */
    void failExchanges(IscsiException cause) {
        for (Connection each : all) {
            each.failExchanges(cause);
        }
    }
}
