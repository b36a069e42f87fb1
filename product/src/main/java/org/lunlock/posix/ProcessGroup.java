// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * A command in a process group of its own, so that it can be ended together with everything it
 * started. It shares this process's terminal, directory and standard streams; {@link Process} can
 * do neither groups nor terminals.
 *
 * <p>One thread waits in {@link #await}; the rest may be called from any thread.
 */
public final class ProcessGroup {

    /** What became of the command. */
    public sealed interface Change {
        /** It is over and left this status, 0..255. */
        record Exited(int status) implements Change {}

        /** It is over: a signal killed it. */
        record Killed(int signal) implements Change {}

        /** It is stopped until it gets SIGCONT. */
        record Stopped(int signal) implements Change {}
    }

    private static final int WUNTRACED = 2;

    /** How often a group that should end is looked at: nothing tells when it is empty. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    /** A killed process that is still there after this long waits in the kernel for a device. */
    private static final Duration KILLED_WITHIN = Duration.ofSeconds(5);

    private static final MethodHandle POSIX_SPAWNP =
            Libc.plainCall(
                    "posix_spawnp",
                    FunctionDescriptor.of(
                            JAVA_INT, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS));
    private static final MethodHandle WAITPID =
            Libc.call("waitpid", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT));

    private final int id;

    private ProcessGroup(int id) {
        this.id = id;
    }

    /**
     * Starts a command. It gets the descriptors 0, 1 and 2, and those that a word names as {@code
     * /dev/fd/N}: shells write {@code <(...)} like that. Signals are not blocked in it.
     *
     * @param words the program, looked for in PATH, and its arguments, without final zeroes
     * @param environment added to this process's environment
     * @throws PosixException ENOENT when there is no such program, EACCES or ENOEXEC when it cannot
     *     be executed
     */
    public static ProcessGroup spawn(List<byte[]> words, Map<String, String> environment)
            throws IOException {
        OpenDescriptors.closeOnExec(words);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pid = arena.allocate(JAVA_INT);
            MemorySegment argv = CStrings.array(arena, words);
            int error =
                    (int)
                            POSIX_SPAWNP.invokeExact(
                                    pid,
                                    argv.getAtIndex(ADDRESS, 0),
                                    MemorySegment.NULL,
                                    SpawnAttributes.ownGroup(arena),
                                    argv,
                                    CStrings.environment(arena, environment));
            if (error != 0) {
                throw new PosixException("posix_spawnp", error);
            }
            return new ProcessGroup(pid.get(JAVA_INT, 0));
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** The group's number, which is also the command's pid. */
    public int id() {
        return id;
    }

    /**
     * Waits without limit until the command stops or ends. After it ended, not to be called again.
     */
    public Change await() throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            MemorySegment word = arena.allocate(JAVA_INT);
            while ((int) WAITPID.invokeExact(state.memory(), id, word, WUNTRACED) < 0) {
                if (state.errno() != Errno.EINTR) {
                    throw state.failure("waitpid " + id);
                }
            }
            return change(word.get(JAVA_INT, 0));
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** Reads the status word of waitpid(2): signal in the lower seven bits, then exit status. */
    static Change change(int word) {
        int signal = word & 0x7f;
        int high = word >>> 8 & 0xff;
        if (signal == 0) {
            return new Change.Exited(high);
        }
        return signal == 0x7f ? new Change.Stopped(high) : new Change.Killed(signal);
    }

    /** Sends a signal to everybody in a group; nothing happens when nobody is left. */
    public static void signal(int group, int signal) throws PosixException {
        try {
            ProcessControl.killGroup(group, signal);
        } catch (PosixException e) {
            if (e.errno() != Errno.ESRCH && !hasOnlyEnded(e)) {
                throw e;
            }
        }
    }

    /** Whether a group has members; one that ended but was not waited for counts. */
    public static boolean exists(int group) throws PosixException {
        try {
            ProcessControl.killGroup(group, 0);
            return true;
        } catch (PosixException e) {
            if (e.errno() == Errno.ESRCH) {
                return false;
            }
            if (hasOnlyEnded(e)) {
                return true;
            }
            throw e;
        }
    }

    /** What macOS says of a group whose members have ended and were not waited for. */
    private static boolean hasOnlyEnded(PosixException e) {
        return Platform.MAC && e.errno() == Errno.EPERM;
    }

    /**
     * Ends everybody in a group: SIGTERM, and SIGKILL for those who are there after the grace.
     * Returns when it is empty, or some seconds after the SIGKILL.
     *
     * @return whether the group is empty
     */
    public static boolean end(int group, Duration grace) throws PosixException {
        signal(group, Signals.TERM);
        signal(group, Signals.CONT); // who is stopped sees SIGTERM only then
        if (emptyWithin(group, grace)) {
            return true;
        }
        signal(group, Signals.KILL);
        return emptyWithin(group, KILLED_WITHIN);
    }

    private static boolean emptyWithin(int group, Duration time) throws PosixException {
        long deadline = System.nanoTime() + time.toNanos();
        while (exists(group)) {
            if (System.nanoTime() - deadline >= 0) {
                return false;
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
        return true;
    }
}
