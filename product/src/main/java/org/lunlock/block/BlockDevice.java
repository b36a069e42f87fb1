// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A range of bytes that remembers what is written to it: what every export serves.
 *
 * <p>Requests are asynchronous: {@link #submit} returns once the request is under way, and {@link
 * BlockRequest#completed} is called exactly once, from any thread, possibly before {@code submit}
 * returns. Requests that overlap and are under way together take effect in any order. Offsets and
 * lengths are in bytes and need not be aligned.
 */
public interface BlockDevice extends AutoCloseable {

    /** Bytes; a multiple of {@link #blockBytes}. */
    long capacityBytes();

    /** Bytes of one logical block: 512 or 4096. Aligned requests are the fast ones. */
    int blockBytes();

    /** Whether writes, discards and zeroing are refused. */
    boolean readOnly();

    /** Whether DISCARD reaches the medium; if not, a discard is refused. */
    boolean discards();

    /**
     * Whether WRITE_ZEROES gives the space of its range back instead of sending zeroes, as WRITE
     * SAME with UNMAP does: then a hole can be punched. DISCARD will not do for a hole, which must
     * read as zeroes: the target may leave out of an UNMAP what it likes.
     */
    default boolean punchesHoles() {
        return false;
    }

    /**
     * A part of a range.
     *
     * @param allocated whether there is storage behind it
     * @param zero whether it is known to read as zeroes
     */
    record Extent(long lengthBytes, boolean allocated, boolean zero) {}

    /**
     * What is behind a range, from its beginning on without gaps: at least one part; the last may
     * end before the range does, and none ends behind it. Waits for the device.
     */
    default List<Extent> extents(long offsetBytes, long lengthBytes) throws IOException {
        return List.of(new Extent(lengthBytes, true, false));
    }

    /**
     * Starts a request, which may have any length. Does not wait; never throws for what the device
     * or the network does: that arrives in {@link BlockRequest#completed}.
     */
    void submit(BlockRequest request);

    /**
     * The same for one of several requests: it may wait for {@link #push}, so that they set out
     * together.
     */
    default void queue(BlockRequest request) {
        submit(request);
    }

    /**
     * Sends the requests that this thread queued. Whoever queues calls it before doing anything
     * that takes time, and before waiting in any case.
     */
    default void push() {}

    /** Fails what is under way and everything after it. Idempotent; does not flush. */
    @Override
    void close();

    /** Reads into the buffer from its position to its limit and waits for it. */
    default void read(long offsetBytes, ByteBuffer into) throws IOException {
        BlockRequest.Waiting.run(this, BlockRequest.Operation.READ, offsetBytes, into);
    }

    /** Writes the buffer from its position to its limit and waits for it. */
    default void write(long offsetBytes, ByteBuffer from) throws IOException {
        BlockRequest.Waiting.run(this, BlockRequest.Operation.WRITE, offsetBytes, from);
    }

    /** Returns when everything that was completed before is on stable storage. */
    default void flush() throws IOException {
        BlockRequest.Waiting.run(this, BlockRequest.Operation.FLUSH, 0, ByteBuffer.allocate(0));
    }
}
