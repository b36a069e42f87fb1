// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;

/** mount(2) and umount2(2). */
public final class Mounts {
    public static final long READ_ONLY = 1;
    public static final long NO_SET_USER_ID = 2;
    public static final long NO_DEVICES = 4;
    public static final long NO_EXECUTE = 8;

    /** A FUSE file system fails everything that is under way, and everything after it. */
    public static final int FORCE = 1;

    /** Out of sight at once, gone when its last user is. */
    public static final int DETACH = 2;

    private static final int NO_FOLLOW = 8;

    private static final MethodHandle MOUNT =
            Libc.call(
                    "mount",
                    FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, ADDRESS, JAVA_LONG, ADDRESS));
    private static final MethodHandle UMOUNT2 =
            Libc.call("umount2", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));

    private Mounts() {}

    /**
     * Mounts a file system on an existing directory.
     *
     * @param source what mount tables show as its source
     * @param flags of {@link #READ_ONLY} and its neighbours
     * @param options the file system's own, comma separated
     */
    public static void mount(String source, Path target, String type, long flags, String options)
            throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int result =
                    (int)
                            MOUNT.invokeExact(
                                    state.memory(),
                                    arena.allocateFrom(source),
                                    arena.allocateFrom(target.toString()),
                                    arena.allocateFrom(type),
                                    flags,
                                    arena.allocateFrom(options));
            if (result < 0) {
                throw state.failure("mount " + target);
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }

    /**
     * Takes away what is mounted on the target; a symbolic link is not followed.
     *
     * @param flags of {@link #FORCE} and {@link #DETACH}
     * @throws PosixException EBUSY when it is in use, EINVAL when nothing is mounted there
     */
    public static void unmount(Path target, int flags) throws PosixException {
        try (Arena arena = Arena.ofConfined()) {
            CallState state = new CallState(arena);
            int result =
                    (int)
                            UMOUNT2.invokeExact(
                                    state.memory(),
                                    arena.allocateFrom(target.toString()),
                                    flags | NO_FOLLOW);
            if (result < 0) {
                throw state.failure("umount2 " + target);
            }
        } catch (PosixException e) {
            throw e;
        } catch (Throwable e) {
            throw Libc.unexpected(e);
        }
    }
}
