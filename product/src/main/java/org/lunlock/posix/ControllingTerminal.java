// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The terminal on standard input: which process group reads from it and gets its signals. Like a
 * shell, this process hands it to a command and takes it back.
 */
public final class ControllingTerminal {
    private static final int STANDARD_INPUT = 0;
    private static final int STANDARD_ERROR = 2;
    private static final long TIOCGWINSZ = Platform.MAC ? 0x40087468 : 0x5413;

    /** Rows, columns, and their sizes in pixels: four unsigned shorts. */
    private static final long WINDOW_SIZE_BYTES = 8;

    private static final long COLUMNS_OFFSET = 2;

    private static final MethodHandle ISATTY =
            Libc.plainCall("isatty", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle GETPGRP =
            Libc.plainCall("getpgrp", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle SETSID = Libc.call("setsid", FunctionDescriptor.of(JAVA_INT));
    private static final MethodHandle TCGETPGRP =
            Libc.call("tcgetpgrp", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle TCSETPGRP =
            Libc.call("tcsetpgrp", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle SIGNAL =
            Libc.call("signal", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, JAVA_LONG));
    private static final MethodHandle RAISE =
            Libc.plainCall("raise", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle KILL =
            Libc.call("kill", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle IOCTL =
            Libc.call(
                    "ioctl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                    Linker.Option.firstVariadicArg(2));

    private static final long SIG_DFL = 0;
    private static final long SIG_IGN = 1;

    private ControllingTerminal() {}

    /** Whether a descriptor is a terminal. */
    public static boolean isTerminal(int descriptor) {
        try {
            return (int) ISATTY.invokeExact(descriptor) == 1;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** The process group of this process. */
    public static int ownGroup() {
        try {
            return (int) GETPGRP.invokeExact();
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** The group that has the terminal on standard input; -1 when that is not our terminal. */
    public static int foregroundGroup() {
        try (Arena arena = Arena.ofConfined()) {
            return (int) TCGETPGRP.invokeExact(new CallState(arena).memory(), STANDARD_INPUT);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** Whether standard input is this process's terminal and this process's group has it. */
    public static boolean isOurs() {
        return foregroundGroup() == ownGroup();
    }

    /**
     * Makes a group of this session the one that reads the terminal. SIGTTOU stays ignored in this
     * process from now on: without that, taking the terminal back would stop it.
     *
     * @throws PosixException when the terminal is gone, or the group is
     */
    public static void give(int group) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            dispose(Signals.TTOU, SIG_IGN);
            int result = (int) TCSETPGRP.invokeExact(state.memory(), STANDARD_INPUT, group);
            if (result < 0) {
                throw state.failure("tcsetpgrp " + group);
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /**
     * Leaves the terminal for good: a session of its own, as daemons have. Nothing happens to the
     * first process of a group, which a shell started to wait for it.
     */
    public static void leave() {
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int) SETSID.invokeExact(new CallState(arena).memory());
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** Lets a signal do what the system does with it, instead of the Java machine. */
    public static void toDefault(int signal) {
        dispose(signal, SIG_DFL);
    }

    private static void dispose(int signal, long disposition) {
        try (Arena arena = Arena.ofConfined()) {
            long _ = (long) SIGNAL.invokeExact(new CallState(arena).memory(), signal, disposition);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /**
     * Ends this process as the signal does, for whoever waits for it to see that: a shell goes on
     * with its script after a command that left a status, but not after one that Ctrl-C ended.
     */
    public static void dieOf(int signal) {
        toDefault(signal);
        try {
            int _ = (int) RAISE.invokeExact(signal);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /**
     * Stops this process and the others of its group, as Ctrl-Z does; returns when a shell
     * continues them. Returns at once where there is no shell that could: then the system ignores
     * SIGTSTP.
     *
     * <p>The others first: a signal to all would stop us in one thread and, continued, once more in
     * this one. The one that is raised is taken by this thread before the call returns.
     */
    public static void stopUntilContinued() {
        try (Arena arena = Arena.ofConfined()) {
            dispose(Signals.TSTP, SIG_IGN);
            int _ = (int) KILL.invokeExact(new CallState(arena).memory(), 0, Signals.TSTP);
            dispose(Signals.TSTP, SIG_DFL);
            int _ = (int) RAISE.invokeExact(Signals.TSTP);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** Columns of the terminal on standard error; the fallback when it does not say. */
    public static int columns(int fallback) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(WINDOW_SIZE_BYTES, Long.BYTES);
            int result =
                    (int)
                            IOCTL.invokeExact(
                                    new CallState(arena).memory(),
                                    STANDARD_ERROR,
                                    TIOCGWINSZ,
                                    size);
            int columns = Short.toUnsignedInt(size.get(JAVA_SHORT, COLUMNS_OFFSET));
            return result < 0 || columns == 0 ? fallback : columns;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
