// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of one task's own buffer, in views that are made once and used again: a batch may hold
 * several of them at a time for Data-Out, while Data-In needs one. Guarded as its task is.
 */
final class TaskData {
    /** Data-Out PDUs of one task in one gather-write; the next ones go with the next. */
    static final int VIEWS_MAX = 32;

    private ByteBuffer buffer = ByteBuffer.allocate(0);
    private int start;
    private int length;
    private final @Nullable ByteBuffer[] out = new ByteBuffer[VIEWS_MAX];
    private int outInBatch;
    private @Nullable ByteBuffer in;

    /**
     * @param buffer the task's from its position on; not moved
     * @param length bytes
     */
    @SuppressWarnings("ReferenceEquality")
    void set(ByteBuffer buffer, int length) {
        if (this.buffer != buffer) { // of the same object the views are still good
            this.buffer = buffer;
            Arrays.fill(out, null);
            in = null;
        }
        this.start = buffer.position();
        this.length = length;
    }

    /** Bytes. */
    int length() {
        return length;
    }

    /** Where a Data-Out comes from. Good until {@link #leftBatch}. */
    ByteBuffer out(int offset, int bytes) {
        ByteBuffer view = out[outInBatch];
        if (view == null) {
            view = buffer.duplicate();
            out[outInBatch] = view;
        }
        outInBatch++;
        return part(view, offset, bytes);
    }

    /** Where a Data-In goes. Good until the next one is asked for. */
    ByteBuffer in(int offset, int bytes) {
        ByteBuffer view = in;
        if (view == null) {
            view = buffer.duplicate();
            in = view;
        }
        return part(view, offset, bytes);
    }

    private ByteBuffer part(ByteBuffer view, int offset, int bytes) {
        return view.limit(start + offset + bytes).position(start + offset);
    }

    /** Nothing of it is being sent: the views are free. */
    void leftBatch() {
        outInBatch = 0;
    }
}
