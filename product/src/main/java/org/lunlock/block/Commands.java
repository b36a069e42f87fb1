// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.nio.ByteBuffer;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;

/**
 * Commands for one request, several at once, and the wait for all of them. Belongs to the thread of
 * the request, which waits in here; the session ends every wait within its own time-outs.
 */
final class Commands {
    /** Enough to keep a network busy, and few enough to let other requests in between. */
    private static final int PARALLEL_MAX = 8;

    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);

    private final Session session;
    private final Lun lun;
    private final int blockBytes;
    private final Semaphore places = new Semaphore(PARALLEL_MAX);
    private volatile @Nullable IscsiException failure;

    Commands(Session session, Lun lun, int blockBytes) {
        this.session = session;
        this.lun = lun;
        this.blockBytes = blockBytes;
    }

    /** Starts a READ of whole blocks. */
    void read(long offsetBytes, ByteBuffer into) {
        if (hasPlace()) {
            OneCommand command = new OneCommand();
            command.transfer(false, offsetBytes, into, 0);
            session.submit(command);
        }
    }

    /**
     * Starts a WRITE of whole blocks.
     *
     * @param flags {@link BlockCommands#FUA} or 0
     */
    void write(long offsetBytes, ByteBuffer from, int flags) {
        if (hasPlace()) {
            OneCommand command = new OneCommand();
            command.transfer(true, offsetBytes, from, flags);
            session.submit(command);
        }
    }

    /** Starts a command without Data-In. */
    void execute(ScsiRequest<?> request) {
        if (hasPlace()) {
            new OneCommand().execute(request, NO_DATA);
        }
    }

    /** Executes a command that answers, and waits for it and all others. */
    <T> T ask(ScsiRequest<T> request) throws IscsiException {
        ByteBuffer answer = ByteBuffer.allocate(request.allocationLength());
        OneCommand command = new OneCommand();
        if (hasPlace()) {
            command.execute(request, answer);
        }
        await();
        return request.answer().decode(answer.limit(command.transferred()));
    }

    /** Waits while too many are under way; false once one has failed, as the rest is then idle. */
    private boolean hasPlace() {
        places.acquireUninterruptibly();
        if (failure != null) {
            places.release();
            return false;
        }
        return true;
    }

    /** Waits for all that were started, and throws what the first of them failed with. */
    void await() throws IscsiException {
        places.acquireUninterruptibly(PARALLEL_MAX);
        places.release(PARALLEL_MAX);
        IscsiException first = failure;
        if (first != null) {
            failure = null; // whoever knows another way may go on
            throw first;
        }
    }

    private final class OneCommand extends Task {

        void transfer(boolean write, long offsetBytes, ByteBuffer data, int flags) {
            int blocks = data.remaining() / blockBytes;
            prepareTransfer(lun, write, offsetBytes / blockBytes, blocks, flags, data, 0);
        }

        void execute(ScsiRequest<?> request, ByteBuffer dataIn) {
            prepare(lun, request, dataIn, Conduct.GUARDED);
            session.submit(this);
        }

        @Override
        protected void completed(@Nullable IscsiException failure) {
            if (failure != null && Commands.this.failure == null) {
                Commands.this.failure = failure;
            }
            places.release();
        }
    }
}
