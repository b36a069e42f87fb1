// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.attach.Attachment;

/** Where the block device of a held volume is used: on this machine, or by clients. */
interface Outlet {

    /** The device of this machine, or where clients find it. */
    String device();

    /** Null when it is not mounted. */
    @Nullable Path mountPoint();

    /** Makes all I/O fail, at once and for good. Any thread. */
    void abort();

    /** Whether something of it is still there. */
    boolean isOpen();

    /**
     * Ends it with everything on stable storage. Idempotent once it has succeeded.
     *
     * @throws LunlockException with {@link #isOpen} when it is in use; without, when something that
     *     was written may be lost
     */
    void close() throws LunlockException;

    /**
     * Ends it in any case, in bounded time. Idempotent.
     *
     * @return what is left, one line each
     */
    List<String> closeForced();

    /** A device of this machine, perhaps mounted. */
    record Local(Attachment attachment) implements Outlet {
        @Override
        public String device() {
            return attachment.device().toString();
        }

        @Override
        public @Nullable Path mountPoint() {
            return attachment.mountPoint();
        }

        @Override
        public void abort() {
            attachment.abort();
        }

        @Override
        public boolean isOpen() {
            return attachment.isOpen();
        }

        @Override
        public void close() throws LunlockException {
            attachment.close();
        }

        @Override
        public List<String> closeForced() {
            return attachment.closeForced();
        }
    }
}
