// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;

/**
 * All tasks that a session has taken: those that wait to be sent, those under way, and those that a
 * busy logical unit has put off. Decides who is sent next and who is not taken. Guarded by the
 * session's lock.
 */
final class TaskSet {
    /** A command that saw so many connections break, or aborts, is the cause and no victim. */
    static final int ATTEMPTS_MAX = 8;

    private static final long BUSY_PAUSE_NANOS = Duration.ofMillis(100).toNanos();

    /** What is to be finished outside the lock, and why. */
    record Failed(List<Task> tasks, IscsiException cause) {}

    private final Lifetime lifetime;
    private final ReentrantLock lock;
    private final String session;
    private final TaskTable underWay = new TaskTable();
    private final CommandWindow window = new CommandWindow();
    private final Merger merger = new Merger();
    private final TaskQueue commands = new TaskQueue();

    /** Writes that were the next to be sent when enough of them were under way. */
    private final TaskQueue heldWrites = new TaskQueue();

    private final TaskQueue guardsCommands = new TaskQueue();
    private final List<Task> delayed = new ArrayList<>();
    private @Nullable FencedException fence;
    private @Nullable IscsiException over;

    /**
     * @param session its name, for messages
     */
    TaskSet(Lifetime lifetime, String session) {
        this.lifetime = lifetime;
        this.lock = lifetime.lock;
        this.session = session;
    }

    /** With the lock held, but for finding a task. */
    TaskTable underWay() {
        return underWay;
    }

    /** With the lock held. */
    CommandWindow window() {
        return window;
    }

    /** With the lock held, but for what the reading thread says. */
    Merger merger() {
        return merger;
    }

    /** Only the session's thread changes the window, so it may look without the lock. */
    void window(int expCmdSn, int maxCmdSn) {
        if (window.differs(expCmdSn, maxCmdSn)) {
            lock.lock();
            try {
                window.update(expCmdSn, maxCmdSn);
            } finally {
                lock.unlock();
            }
        }
    }

    // ------------------------------------------------------------------------ taken and sent

    /** Queues a task. Returns why it does not, if so. */
    @Nullable IscsiException add(Task task, Executor.Caller caller) {
        lock.lock();
        try {
            Check.that(!task.underWay, "a task is used for one command at a time");
            task.begin(caller);
            IscsiException refusal = refusal(task);
            if (refusal == null) {
                queueOf(task).add(task);
            }
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    private TaskQueue queueOf(Task task) {
        return task.caller == Executor.Caller.GUARD ? guardsCommands : commands;
    }

    /** Why a task is not taken, be it for the first time or once more. With the lock held. */
    @Nullable IscsiException refusal(Task task) {
        SessionState state = lifetime.state();
        if (state == SessionState.CLOSED) {
            return over;
        }
        if (state == SessionState.CLOSING) {
            return new TransportException("the session with " + session + " is being closed");
        }
        if (fence != null && task.conduct() == Task.Conduct.GUARDED) {
            return fence;
        }
        boolean waits = !state.commandsFlow() && task.caller != Executor.Caller.GUARD;
        if (waits && task.conduct() == Task.Conduct.ONCE) {
            return new TransportException("the connection to " + session + " is being made again");
        }
        return null;
    }

    /** How many commands wait for nothing but to be sent. With the lock held. */
    int sendable() {
        if (!hasRoom()) {
            return 0;
        }
        if (!lifetime.state().commandsFlow()) {
            return guardsCommands.size();
        }
        Task held = heldWrites.peek();
        int writes = held != null && underWay.hasRoomFor(held) ? heldWrites.size() : 0;
        return guardsCommands.size() + writes + commands.size();
    }

    /**
     * The next command for this connection to send, numbered and tagged. With the lock held.
     *
     * @param most how many tasks it may be for
     */
    @Nullable Task next(Connection connection, int most) {
        if (!hasRoom()) {
            return null;
        }
        Task task = guardsCommands.poll();
        if (task == null && lifetime.state().commandsFlow()) {
            task = nextCommand(most);
        }
        if (task != null) {
            task.connection = connection; // before it can be found
            connection.taskCount++;
            underWay.add(task);
            task.cmdSn = window.advance();
            task.sentNanos = System.nanoTime();
        }
        return task;
    }

    /** Writes keep their order; others overtake those that have to wait for each other. */
    private @Nullable Task nextCommand(int most) {
        Task held = heldWrites.peek();
        if (held != null && underWay.hasRoomFor(held)) {
            return take(heldWrites, held, most);
        }
        Task task = commands.peek();
        while (task != null && task.writes() && (held != null || !underWay.hasRoomFor(task))) {
            held = commands.poll();
            heldWrites.add(task);
            task = commands.peek();
        }
        if (task == null || merger.waits(commands, underWay.size())) {
            return null;
        }
        return take(commands, task, most);
    }

    private @Nullable Task take(TaskQueue queue, Task head, int most) {
        int bytesMax = Math.min(underWay.roomFor(head), Merger.bytesMax(head, underWay.size()));
        return merger.take(queue, most, bytesMax);
    }

    /** The task was answered, and its buffer is free. With the lock held. */
    void remove(Task task) {
        underWay.remove(task);
        Connection connection = task.connection;
        if (connection != null) {
            connection.taskCount--;
            task.connection = null;
        }
    }

    /** Whether commands wait for nothing but the command window. With the lock held. */
    boolean waitsForWindow() {
        boolean flow = lifetime.state().commandsFlow();
        boolean queued =
                !guardsCommands.isEmpty() || flow && !(commands.isEmpty() && heldWrites.isEmpty());
        return queued && !window.isOpen();
    }

    // ------------------------------------------------------------------------ once more

    /** Before all that wait. With the lock held. */
    void addFirst(Task command) {
        putBack(command, queueOf(command));
    }

    private static void putBack(Task command, TaskQueue queue) {
        for (Task task : command.takeApart().reversed()) {
            task.rewind();
            queue.addFirst(task);
        }
    }

    /** In a while: the logical unit is busy. With the lock held. */
    void delay(Task command) {
        for (Task task : command.takeApart()) {
            task.rewind();
            task.retryAtNanos = System.nanoTime() + BUSY_PAUSE_NANOS;
            delayed.add(task);
        }
    }

    /** Queues the delayed tasks whose time has come. With the lock held; returns when next to. */
    long releaseDelayed(long now) {
        long next = now + BUSY_PAUSE_NANOS;
        boolean left = false;
        for (int i = delayed.size() - 1; i >= 0; i--) {
            long at = delayed.get(i).retryAtNanos;
            if (now - at >= 0) {
                Task task = delayed.remove(i);
                queueOf(task).add(task);
            } else {
                next = at - next < 0 ? at : next;
                left = true;
            }
        }
        return left ? next : now + Duration.ofSeconds(1).toNanos();
    }

    // ------------------------------------------------------------------------ ends

    /** Guarded commands are refused from now on. Returns those that waited; null the next times. */
    @Nullable List<Task> fence(FencedException cause) {
        lock.lock();
        try {
            if (fence != null) {
                return null;
            }
            fence = cause;
            List<Task> failed = new ArrayList<>();
            take(TaskSet::isGuarded, failed);
            return failed;
        } finally {
            lock.unlock();
        }
    }

    private void take(Predicate<Task> matches, List<Task> into) {
        heldWrites.moveIf(matches, into);
        commands.moveIf(matches, into);
        into.addAll(delayed.stream().filter(matches).toList());
        delayed.removeIf(matches);
    }

    private static boolean isGuarded(Task task) {
        return task.conduct() == Task.Conduct.GUARDED;
    }

    /**
     * The connection is gone. The tasks that were answered already are {@code answered}; of the
     * others those that may wait for the next connection do so, in the order in which they were
     * sent and before all that were not. With the lock held, after sending has ended.
     *
     * @param kept whether the target keeps the tasks, so that those that may go on there keep their
     *     tags
     * @return what fails, and why
     */
    List<Failed> interrupt(IscsiException cause, boolean kept, List<Task> answered) {
        long now = System.nanoTime();
        List<Task> interrupted = underWay.all();
        for (Task task : interrupted) {
            task.attempts += task.connection == null ? 0 : 1;
            task.sentNanos = now;
            task.detach();
        }
        if (kept) {
            interrupted.removeIf(this::mayGoOn);
        }
        interrupted.forEach(underWay::remove);
        answered.addAll(interrupted.stream().filter(task -> task.answered).toList());
        interrupted.removeIf(task -> task.answered);
        interrupted.sort(this::bySending);
        List<Task> held = new ArrayList<>();
        heldWrites.moveIf(_ -> true, held);
        held.reversed().forEach(commands::addFirst);
        interrupted.reversed().forEach(command -> putBack(command, commands));
        List<Failed> failed = new ArrayList<>();
        if (fence != null) {
            List<Task> fenced = new ArrayList<>();
            commands.moveIf(TaskSet::isGuarded, fenced);
            failed.add(new Failed(fenced, fence));
        }
        List<Task> givenUp = new ArrayList<>();
        take(TaskSet::isGivenUp, givenUp);
        guardsCommands.moveIf(_ -> true, givenUp);
        failed.add(new Failed(givenUp, cause));
        return failed;
    }

    private boolean mayGoOn(Task task) {
        boolean fenced = fence != null && isGuarded(task);
        return !task.answered && !fenced && !isGivenUp(task);
    }

    /** The tasks that the target keeps, in the order in which they were sent. */
    List<Task> detached() {
        lock.lock();
        try {
            List<Task> detached = underWay.matching(task -> task.connection == null);
            detached.sort(this::bySending);
            return detached;
        } finally {
            lock.unlock();
        }
    }

    /** Those of them wait with the others, as if they had never been sent. With the lock held. */
    void withdraw(Predicate<Task> matches) {
        List<Task> withdrawn = underWay.matching(task -> task.connection == null);
        withdrawn.removeIf(matches.negate());
        withdrawn.sort(this::bySending);
        withdrawn.forEach(underWay::remove);
        withdrawn.reversed().forEach(this::addFirst);
    }

    private int bySending(Task one, Task other) {
        return Integer.compare(one.cmdSn - window.cmdSn(), other.cmdSn - window.cmdSn());
    }

    /** Why a detached task may not go on; it is then no longer under way. Any thread. */
    @Nullable IscsiException dropIfRefused(Task task) {
        lock.lock();
        try {
            IscsiException refusal = refusal(task);
            if (refusal != null) {
                underWay.remove(task);
            }
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    /** The task goes on over this connection. Any thread. */
    void reassign(Task task, Connection connection) {
        lock.lock();
        try {
            task.connection = connection;
            connection.taskCount++;
            task.reassigned = true;
            task.sentNanos = System.nanoTime();
        } finally {
            lock.unlock();
        }
    }

    /** Whether one more command could be sent at once. Any thread. */
    boolean hasRoomForOne() {
        lock.lock();
        try {
            return hasRoom();
        } finally {
            lock.unlock();
        }
    }

    private boolean hasRoom() {
        return window.isOpen() && underWay.hasRoom();
    }

    private static boolean isGivenUp(Task task) {
        return task.conduct() == Task.Conduct.ONCE || task.attempts >= ATTEMPTS_MAX;
    }

    /** The session is over. With the lock held, after sending has ended; returns what fails. */
    Failed end(IscsiException cause) {
        over = cause;
        List<Task> failed = underWay.takeAll();
        take(_ -> true, failed);
        guardsCommands.moveIf(_ -> true, failed);
        return new Failed(failed, cause);
    }
}
