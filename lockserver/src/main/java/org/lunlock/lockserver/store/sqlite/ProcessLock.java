// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreException.Kind;

/** Keeps a second lock server away from a store; ends with the process. */
final class ProcessLock implements AutoCloseable {
    private final FileLock lock;

    private ProcessLock(FileLock lock) {
        this.lock = lock;
    }

    /**
     * Takes it.
     *
     * @throws StoreException BUSY when another server has it
     */
    static ProcessLock take(Path file) throws StoreException {
        try {
            FileChannel channel =
                    FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            try {
                FileLock lock = channel.tryLock();
                if (lock != null) {
                    return new ProcessLock(lock);
                }
            } catch (OverlappingFileLockException e) {
                // another server of this very process
            }
            channel.close();
        } catch (IOException e) {
            throw new StoreException(
                    Kind.IO, "the store cannot be used (%s): %s".formatted(file, e), e);
        }
        throw new StoreException(
                Kind.BUSY,
                "another lock server uses this store (%s): stop it, or choose another --store"
                        .formatted(file.getParent()),
                null);
    }

    @Override
    public void close() {
        try {
            lock.acquiredBy().close();
        } catch (IOException e) {
            // it ends with the descriptor, whatever close() says
        }
    }
}
