// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * One request to a {@link BlockDevice}, made by whoever serves it and used again for the next one:
 * on the data path nothing is allocated.
 *
 * <p>Owned by the device from {@link BlockDevice#submit} until {@link #completed}; the fields and
 * the buffer's bytes are left alone by everybody else in between.
 */
public abstract class BlockRequest {

    /** What a request asks for. */
    public enum Operation {
        READ,
        WRITE,
        /** Everything completed before is on stable storage when this completes. */
        FLUSH,
        /** The range is not needed any more: it may read as anything until it is written. */
        DISCARD,
        /** The range reads as zeroes afterwards; its space may be given back. */
        WRITE_ZEROES
    }

    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0);

    private Operation operation = Operation.FLUSH;
    private long offsetBytes;
    private long lengthBytes;
    private ByteBuffer data = NO_DATA;
    private boolean forceUnitAccess;
    private boolean keepsSpace;

    /** What the device keeps for this request from one use to the next. */
    @Nullable Object deviceState;

    /**
     * Makes this a READ into, or a WRITE of, the bytes between the buffer's position and limit. The
     * device may move position and limit of the buffer; a direct buffer is not copied.
     */
    public final void transfer(
            Operation operation, long offsetBytes, ByteBuffer data, boolean forceUnitAccess) {
        this.operation = operation;
        this.offsetBytes = offsetBytes;
        this.lengthBytes = data.remaining();
        this.data = data;
        this.forceUnitAccess = forceUnitAccess;
        this.keepsSpace = false;
    }

    /** Makes this a FLUSH (range 0, 0), DISCARD or WRITE_ZEROES. */
    public final void command(Operation operation, long offsetBytes, long lengthBytes) {
        this.operation = operation;
        this.offsetBytes = offsetBytes;
        this.lengthBytes = lengthBytes;
        this.data = NO_DATA;
        this.forceUnitAccess = false;
        this.keepsSpace = false;
    }

    /** Makes this a WRITE_ZEROES after which a write to the range finds its space as before. */
    public final void zeroKeepingSpace(long offsetBytes, long lengthBytes) {
        command(Operation.WRITE_ZEROES, offsetBytes, lengthBytes);
        this.keepsSpace = true;
    }

    /**
     * Called once, when the request is done. Runs in the device's thread: never waits.
     *
     * @param failure null when the whole request took effect. A {@code FencedException} means that
     *     another host has the volume; after any failure a READ's buffer holds nothing to use.
     */
    protected abstract void completed(@Nullable IOException failure);

    public final Operation operation() {
        return operation;
    }

    public final long offsetBytes() {
        return offsetBytes;
    }

    public final long lengthBytes() {
        return lengthBytes;
    }

    public final ByteBuffer data() {
        return data;
    }

    /** Whether a WRITE is on stable storage when it completes. */
    public final boolean forceUnitAccess() {
        return forceUnitAccess;
    }

    /** Whether a WRITE_ZEROES gives no space back. */
    public final boolean keepsSpace() {
        return keepsSpace;
    }

    /** A request that somebody waits for. The device's own deadlines bound the wait. */
    static final class Waiting extends BlockRequest {
        private final CountDownLatch done = new CountDownLatch(1);
        private @Nullable IOException failure;

        static void run(BlockDevice device, Operation operation, long offset, ByteBuffer data)
                throws IOException {
            Waiting request = new Waiting();
            request.transfer(operation, offset, data, false);
            device.submit(request);
            boolean interrupted = false;
            while (true) {
                try {
                    request.done.await();
                    break;
                } catch (InterruptedException e) {
                    interrupted = true; // the buffer is the device's until the request is done
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            if (request.failure != null) {
                throw new IOException(request.failure.getMessage(), request.failure);
            }
        }

        @Override
        protected void completed(@Nullable IOException failure) {
            this.failure = failure;
            done.countDown();
        }
    }
}
