// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** Who this process is, and what it does to others. */
public final class ProcessControl {
    public static final int SIGTERM = 15;
    public static final int SIGKILL = 9;

    private static final int PR_SET_IO_FLUSHER = 57;

    /** The number of its bit. */
    private static final int CAP_SYS_RESOURCE = 24;

    private static final int ENOSYS_OF_MAC = 78;

    private static final MethodHandle KILL =
            Libc.call("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle GETEUID =
            Libc.plainCall("geteuid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle GETEGID =
            Libc.plainCall("getegid", FunctionDescriptor.of(JAVA_INT));

    private ProcessControl() {}

    /** The effective user id; 0 is root. */
    public static int userId() {
        try {
            return (int) GETEUID.invokeExact();
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** The effective group id. */
    public static int groupId() {
        try {
            return (int) GETEGID.invokeExact();
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /**
     * Sends a signal to one process.
     *
     * @throws PosixException ESRCH when there is none, EPERM when it is not ours to signal
     */
    public static void kill(int pid, int signal) throws PosixException {
        if (pid <= 0) { // 0 and below name groups, and -1 everybody
            throw new IllegalArgumentException("pid " + pid);
        }
        signal(pid, signal);
    }

    /**
     * Sends a signal to every process of a group.
     *
     * @throws PosixException ESRCH when the group has none left
     */
    public static void killGroup(int processGroup, int signal) throws PosixException {
        if (processGroup <= 1) {
            throw new IllegalArgumentException("process group " + processGroup);
        }
        signal(-processGroup, signal);
    }

    private static void signal(int whom, int signal) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int result = (int) KILL.invokeExact(state.memory(), whom, signal);
            if (result < 0) {
                throw state.failure("kill " + whom);
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** Whether this process has CAP_SYS_RESOURCE, which containers often lack, root or not. */
    public static boolean mayBecomeIoFlusher() {
        try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith("CapEff:"))
                    .map(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                    .anyMatch(set -> (set >> CAP_SYS_RESOURCE & 1) != 0);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Tells the kernel that the calling thread, and every thread and process it starts from now on,
     * serves a block device: allocating memory in it never waits for that device. It outlives
     * exec(2), so a launcher that sets it covers a whole Java machine. Linux 5.6, CAP_SYS_RESOURCE.
     *
     * @throws PosixException EPERM without the capability, EINVAL on an older kernel, ENOSYS on
     *     macOS, which has nothing like it
     */
    public static void becomeIoFlusher() throws PosixException {
        if (Platform.MAC) {
            throw new PosixException("prctl PR_SET_IO_FLUSHER", ENOSYS_OF_MAC);
        }
        MethodHandle prctl =
                Libc.call(
                        "prctl",
                        FunctionDescriptor.of(
                                JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
                        Linker.Option.firstVariadicArg(1));
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int result = (int) prctl.invokeExact(state.memory(), PR_SET_IO_FLUSHER, 1L, 0L, 0L, 0L);
            if (result < 0) {
                throw state.failure("prctl PR_SET_IO_FLUSHER");
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
