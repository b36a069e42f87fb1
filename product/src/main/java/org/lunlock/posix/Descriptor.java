// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/**
 * An open file descriptor, for devices that want whole reads and gathered writes.
 *
 * <p>Calls on it may run in many threads at once. {@link #close} may not run together with another
 * call: the number could already belong to another file, which would then be read or written.
 */
public final class Descriptor implements AutoCloseable {
    public static final int READ_ONLY = 0;
    public static final int READ_WRITE = 2;

    /** Added to open a block device that nobody else has mounted or claimed; else EBUSY. */
    public static final int EXCLUSIVE = 0x80;

    /** Children that this process starts do not get it. */
    private static final int CLOSE_ON_EXEC = Platform.MAC ? 0x1000000 : 0x80000;

    private static final MethodHandle OPEN =
            Libc.call(
                    "open",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT, JAVA_INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle CLOSE =
            Libc.call("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));
    private static final MethodHandle READ =
            Libc.call("read", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG));
    private static final MethodHandle WRITEV =
            Libc.call("writev", FunctionDescriptor.of(JAVA_LONG, JAVA_INT, ADDRESS, JAVA_INT));
    private static final MethodHandle IOCTL =
            Libc.call(
                    "ioctl",
                    FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS),
                    Linker.Option.firstVariadicArg(2));

    private final int number;
    private final Path path;

    private Descriptor(int number, Path path) {
        this.number = number;
        this.path = path;
    }

    /**
     * Opens an existing file.
     *
     * @param access {@link #READ_ONLY} or {@link #READ_WRITE}, and {@link #EXCLUSIVE} if wanted
     */
    public static Descriptor open(Path path, int access) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int number =
                    (int)
                            OPEN.invokeExact(
                                    state.memory(),
                                    arena.allocateFrom(path.toString()),
                                    access | CLOSE_ON_EXEC,
                                    0);
            if (number < 0) {
                throw state.failure("open " + path);
            }
            return new Descriptor(number, path);
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** The number, for a kernel that wants it as text. */
    public int number() {
        return number;
    }

    /**
     * Reads once, waiting until there is something. Allocates nothing when it succeeds.
     *
     * @return bytes read; 0 at the end of the file
     */
    public int read(MemorySegment into, CallState state) throws PosixException {
        long read;
        try {
            read = (long) READ.invokeExact(state.memory(), number, into, into.byteSize());
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
        if (read < 0) {
            throw state.failure("read " + path);
        }
        return (int) read;
    }

    /**
     * Writes the pieces as one. Allocates nothing when it succeeds.
     *
     * @param pieces {@code count} pairs of address and length, 8 bytes each: {@code struct iovec}
     * @return bytes written
     */
    public long writev(MemorySegment pieces, int count, CallState state) throws PosixException {
        long written;
        try {
            written = (long) WRITEV.invokeExact(state.memory(), number, pieces, count);
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
        if (written < 0) {
            throw state.failure("writev " + path);
        }
        return written;
    }

    /** Asks the device; the argument is read or filled as the request says. */
    public void ioctl(long request, MemorySegment argument) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int result = (int) IOCTL.invokeExact(state.memory(), number, request, argument);
            if (result < 0) {
                throw state.failure("ioctl 0x%x %s".formatted(request, path));
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /** Call once. The number is free afterwards even when this throws. */
    @Override
    public void close() throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int result = (int) CLOSE.invokeExact(state.memory(), number);
            if (result < 0) {
                throw state.failure("close " + path);
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
