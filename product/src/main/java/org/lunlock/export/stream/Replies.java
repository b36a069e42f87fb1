// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Replies on their way to one client. Whoever adds a reply sends it, together with those that come
 * while he sends, or leaves it to the connection's thread; nobody waits for the client. When it has
 * no room, the connection's thread goes on once it has.
 *
 * <p>While the connection's thread takes requests, of which there are more then, the replies are
 * left to it: they leave in one gather-write before it reads on. So a busy client is woken once for
 * several replies, and then has several requests. That thread is not woken for it: it costs more
 * than sending a reply.
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

    /** Whether the connection's thread is at work, and sends before it waits again. */
    private boolean attended;

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

    /**
     * Sends the slot's reply, now, or soon when the connection's thread is at work, or when there
     * is room; then the slot goes back.
     */
    public void add(ReplySlot slot) {
        if (!append(slot)) {
            slot.release();
        } else if (!isAttended()) {
            send();
        }
    }

    private synchronized boolean isAttended() {
        return attended;
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

    /**
     * Sends what was left to the connection's thread, which is about to wait.
     *
     * @return whether there is something to send once the client has room
     */
    boolean beforeWait() {
        while (isLeftBehind()) {
            send();
        }
        return waitsForRoom();
    }

    /** Sends what was left to the connection's thread, which goes on with its work. */
    void sendLeft() {
        if (isLeft()) {
            send();
        }
    }

    private synchronized boolean isLeft() {
        return first != null;
    }

    /** If there is nothing more to send, whoever adds a reply sends it from here on. */
    private synchronized boolean isLeftBehind() {
        attended = first != null && !busy && !waitsForRoom && !broken;
        return attended;
    }

    private synchronized boolean waitsForRoom() {
        return waitsForRoom;
    }

    /** The connection's thread is at work again. */
    synchronized void afterWait() {
        attended = true;
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
        boolean unheard;
        synchronized (this) {
            broken |= failed;
            done = broken ? takeAll() : takeSent();
            waitsForRoom = !room && !broken;
            more = room && first != null;
            busy = more;
            unheard = failed || !room && !attended; // who is at work looks before it waits
        }
        release(done);
        if (unheard) {
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
