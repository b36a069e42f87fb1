// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.ERROR;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.lunlock.posix.Errno.ECONNABORTED;
import static org.lunlock.posix.Errno.ENODEV;
import static org.lunlock.posix.Errno.ENOENT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockRequest;
import org.lunlock.posix.CallState;
import org.lunlock.posix.Descriptor;
import org.lunlock.posix.PageMemory;
import org.lunlock.posix.PosixException;

/**
 * One request of the kernel, its reply, and the memory of both; used again for the next request
 * once its reply has been written, never before.
 *
 * <p>Belongs to one thread at a time: the one that read the request, then, from submit to
 * completion, the device's, and last the one that replies. Every request ends with exactly one of
 * {@link #reply}, {@link #replyData}, {@link #refuse} and {@link #drop}, which puts the slot back.
 *
 * <pre>
 *   0       reply: fuse_out_header, 16 bytes, and the reply's own structure
 *   1024    two struct iovec: what of the slot is the reply
 *   4016    request: fuse_in_header, 40 bytes, and the request's own structure
 *   4096    data: what a WRITE brings (its structure is 40 bytes long), what a READ fetches
 * </pre>
 */
final class Slot extends BlockRequest {
    /** The most that one READ or WRITE moves: 256 pages, the most the kernel's default allows. */
    static final int DATA_BYTES_MAX = 1 << 20;

    /** Where a request's own structure begins: behind its header. */
    static final int ARGUMENT = 40;

    private static final System.Logger LOG = System.getLogger(Slot.class.getPackageName());

    private static final int REPLY_HEADER_BYTES = 16;
    private static final int PIECES = 1024;
    private static final int IOVEC_BYTES = 16;
    private static final int DATA = PageMemory.PAGE_BYTES;
    private static final int REQUEST = DATA - ARGUMENT - 40;

    private final Descriptor fuse;
    private final SlotPool home;
    private final FailureLog failures;

    private final ByteBuffer buffer;
    private final ByteBuffer data;
    private final MemorySegment request;
    private final MemorySegment reply;
    private final MemorySegment body;
    private final MemorySegment pieces;
    private final CallState state = new CallState(Arena.ofAuto());
    private int requestBytes;

    /** The pool's: the next free slot, and whether this one is free. */
    @Nullable Slot next;

    boolean free;

    Slot(Descriptor fuse, SlotPool home, FailureLog failures) {
        this.fuse = fuse;
        this.home = home;
        this.failures = failures;
        buffer = PageMemory.allocateTouched(DATA + DATA_BYTES_MAX);
        data = buffer.slice(DATA, DATA_BYTES_MAX);
        MemorySegment memory = MemorySegment.ofBuffer(buffer);
        reply = memory.asSlice(0, PIECES);
        body = reply.asSlice(REPLY_HEADER_BYTES);
        pieces = memory.asSlice(PIECES, 2 * IOVEC_BYTES);
        request = memory.asSlice(REQUEST);
        pieces.set(JAVA_LONG, 0, memory.address());
        pieces.set(JAVA_LONG, IOVEC_BYTES, memory.address() + DATA);
    }

    /** Takes no memory from here on; it is not used again. */
    void giveBack() {
        PageMemory.giveBack(buffer);
    }

    /** Waits for the next request and reads it. */
    void receive() throws PosixException {
        requestBytes = fuse.read(request, state);
    }

    int opcode() {
        return request.get(JAVA_INT, 4);
    }

    private long unique() {
        return request.get(JAVA_LONG, 8);
    }

    /** Which file or directory the request is about. */
    long node() {
        return request.get(JAVA_LONG, 16);
    }

    /** Bytes of the request as it came, header and data included. */
    int requestBytes() {
        return requestBytes;
    }

    int getInt(int offset) {
        return request.get(JAVA_INT, offset);
    }

    long getLong(int offset) {
        return request.get(JAVA_LONG, offset);
    }

    /** The zero-terminated name that is the request's whole argument. */
    String name() {
        return request.getString(ARGUMENT, StandardCharsets.UTF_8);
    }

    /** The first bytes of the slot's data, as a buffer from 0 to {@code bytes}. */
    ByteBuffer data(int bytes) {
        return data.clear().limit(bytes);
    }

    /** Where the reply's own structure goes; holds what the last reply left. */
    MemorySegment body() {
        return body;
    }

    /** Success, with the first bytes of {@link #body}. */
    void reply(int bodyBytes) {
        int bytes = REPLY_HEADER_BYTES + bodyBytes;
        pieces.set(JAVA_LONG, 8, bytes);
        send(0, bytes, 1);
    }

    /** Success, with the first bytes of {@link #data}. */
    void replyData(int dataBytes) {
        pieces.set(JAVA_LONG, 8, REPLY_HEADER_BYTES);
        pieces.set(JAVA_LONG, IOVEC_BYTES + 8, dataBytes);
        send(0, REPLY_HEADER_BYTES + dataBytes, 2);
    }

    /** The request had no effect. */
    void refuse(int errno) {
        pieces.set(JAVA_LONG, 8, REPLY_HEADER_BYTES);
        send(errno, REPLY_HEADER_BYTES, 1);
    }

    /** The request wants no reply. */
    void drop() {
        home.release(this);
    }

    private void send(int errno, int bytes, int pieceCount) {
        reply.set(JAVA_INT, 0, bytes);
        reply.set(JAVA_INT, 4, -errno);
        reply.set(JAVA_LONG, 8, unique());
        try {
            fuse.writev(pieces, pieceCount, state);
        } catch (PosixException e) {
            // gone: who asked was killed, or the connection is aborted or unmounted
            boolean gone = e.errno() == ENOENT || e.errno() == ENODEV || e.errno() == ECONNABORTED;
            LOG.log(gone ? DEBUG : ERROR, "a reply to opcode " + opcode() + " was not taken", e);
        } finally {
            home.release(this);
        }
    }

    @Override
    protected void completed(@Nullable IOException failure) {
        if (failure != null) {
            failures.add(this, failure);
            refuse(FuseErrno.of(failure));
            return;
        }
        switch (operation()) {
            case READ -> replyData((int) lengthBytes());
            case WRITE -> {
                body.set(JAVA_INT, 0, (int) lengthBytes()); // fuse_write_out.size
                body.set(JAVA_INT, 4, 0);
                reply(8);
            }
            case FLUSH, DISCARD, WRITE_ZEROES -> reply(0);
        }
    }
}
