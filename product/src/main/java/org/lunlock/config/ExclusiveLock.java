// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** One thread of one process at a time, for changes that take milliseconds. */
final class ExclusiveLock implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);
    private static final Duration RETRY = Duration.ofMillis(5);

    /** A file's lock keeps out other processes only. */
    private static final ReentrantLock IN_THIS_PROCESS = new ReentrantLock();

    private final FileChannel channel;

    private ExclusiveLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Waits for the lock, which also ends with this process.
     *
     * @param file made when missing, never removed
     * @throws LunlockException (CONFIGURATION) when it is not to be had within twenty seconds
     */
    static ExclusiveLock acquire(Path file) throws LunlockException {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        try {
            if (!IN_THIS_PROCESS.tryLock(TIMEOUT.toNanos(), TimeUnit.NANOSECONDS)) {
                throw busy(file);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw busy(file);
        }
        try {
            return new ExclusiveLock(lockedChannel(file, deadline));
        } catch (IOException e) {
            IN_THIS_PROCESS.unlock();
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "a lock file cannot be used (%s): %s".formatted(file, PrivateFile.reason(e)),
                    e);
        } catch (LunlockException e) {
            IN_THIS_PROCESS.unlock();
            throw e;
        }
    }

    private static FileChannel lockedChannel(Path file, long deadline)
            throws IOException, LunlockException {
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        while (channel.tryLock() == null) {
            if (System.nanoTime() - deadline > 0) {
                channel.close();
                throw busy(file);
            }
            LockSupport.parkNanos(RETRY.toNanos());
        }
        return channel;
    }

    private static LunlockException busy(Path file) {
        return new LunlockException(
                ExitCode.CONFIGURATION,
                "another lunlock is changing the configuration or the state (%s): try again"
                        .formatted(file));
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // the lock is gone with the descriptor, whatever close() says
        } finally {
            IN_THIS_PROCESS.unlock();
        }
    }
}
