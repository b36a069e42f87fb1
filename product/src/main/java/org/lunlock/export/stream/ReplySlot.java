// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.stream;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockRequest;

/**
 * One request of a client, its reply, and the memory of both; used again for the next request once
 * its reply is sent. Belongs to one thread at a time: the connection's, then the device's, and last
 * whoever sends.
 */
public abstract class ReplySlot extends BlockRequest {
    /** The pool's while it is free, then that of the replies. */
    @Nullable ReplySlot next;

    boolean free;

    /** What is sent first, from position to limit. */
    protected abstract ByteBuffer replyHeader();

    /** What is sent behind it; may be empty. */
    protected abstract ByteBuffer replyData();

    /** The reply is sent, or nobody wants it any more. */
    protected abstract void release();

    /** Takes no memory any more, until it is used again. */
    protected abstract void giveBack();

    final boolean isSent() {
        return !replyHeader().hasRemaining() && !replyData().hasRemaining();
    }
}
