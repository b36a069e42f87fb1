// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Replies on their way to one client. Whoever adds a reply sends it, together with those that come
 * while he sends; nobody waits for the client. When it has no room, the connection's thread goes on
 * once it has.
 */
public final class Replies {
    private static final System.Logger LOG = System.getLogger(Replies.class.getPackageName());

    /** In one gather-write; a header and data each. */
    private static final int BATCH_SLOTS = 32;

    private final Runnable attention;
    private Transport transport;
    private @Nullable ReplySlot first;
    private @Nullable ReplySlot last;
    private boolean waitsForRoom;
    private boolean broken;

    /** Whether somebody sends: to him alone belongs what follows. */
    private boolean busy;

    private final ByteBuffer[] batch = new ByteBuffer[2 * BATCH_SLOTS];

    /**
     * @param attention tells the connection's thread that there is no room, or an end; any thread
     */
    Replies(Transport transport, Runnable attention) {
        this.transport = transport;
        this.attention = attention;
    }

    /** From here on; nothing was added before. */
    synchronized void use(Transport other) {
        transport = other;
    }

    /** Sends the slot's reply, now or when there is room; then the slot goes back. */
    public void add(ReplySlot slot) {
        if (append(slot)) {
            send();
        } else {
            slot.release();
        }
    }

    private synchronized boolean append(ReplySlot slot) {
        if (broken) {
            return false;
        }
        if (last == null) {
            first = slot;
        } else {
            last.next = slot;
        }
        last = slot;
        return true;
    }

    /** Whether there is something to send once the client has room. */
    synchronized boolean waitsForRoom() {
        return waitsForRoom;
    }

    synchronized boolean broken() {
        return broken;
    }

    /** There is room again. */
    void goOn() {
        synchronized (this) {
            waitsForRoom = false;
        }
        send();
    }

    /** Nothing more is sent. Idempotent. */
    public void close() {
        ReplySlot unsent;
        synchronized (this) {
            broken = true;
            unsent = busy ? null : takeAll();
        }
        release(unsent);
    }

    private void send() {
        synchronized (this) {
            if (busy || waitsForRoom || broken) {
                return;
            }
            busy = true;
        }
        boolean more = true;
        while (more) {
            more = sendBatch(fill());
        }
    }

    private synchronized int fill() {
        int buffers = 0;
        ReplySlot slot = first;
        for (int i = 0; i < BATCH_SLOTS && slot != null; i++) {
            batch[buffers++] = slot.replyHeader();
            if (slot.replyData().hasRemaining()) {
                batch[buffers++] = slot.replyData();
            }
            slot = slot.next;
        }
        return buffers;
    }

    /** Whether there is more to send, and room for it. */
    private boolean sendBatch(int buffers) {
        boolean room = false;
        boolean failed = false;
        try {
            room = transport.write(batch, buffers);
        } catch (IOException e) {
            LOG.log(DEBUG, "a client does not take its replies: " + e);
            failed = true;
        }
        ReplySlot done;
        boolean more;
        synchronized (this) {
            broken |= failed;
            done = broken ? takeAll() : takeSent();
            waitsForRoom = !room && !broken;
            more = room && first != null;
            busy = more;
        }
        release(done);
        if (!room) {
            attention.run();
        }
        return more;
    }

    private @Nullable ReplySlot takeAll() {
        ReplySlot all = first;
        first = null;
        last = null;
        return all;
    }

    private @Nullable ReplySlot takeSent() {
        ReplySlot sent = first;
        ReplySlot end = null;
        while (first != null && first.isSent()) {
            end = first;
            first = first.next;
        }
        if (end == null) {
            return null;
        }
        end.next = null;
        if (first == null) {
            last = null;
        }
        return sent;
    }

    private static void release(@Nullable ReplySlot head) {
        ReplySlot slot = head;
        while (slot != null) {
            ReplySlot following = slot.next;
            slot.next = null;
            slot.release();
            slot = following;
        }
    }
}
