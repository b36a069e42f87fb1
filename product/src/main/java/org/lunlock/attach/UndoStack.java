// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.util.ArrayDeque;
import java.util.Deque;
import org.lunlock.LunlockException;

/** What was done, and how each of it is undone, newest first. One thread at a time. */
final class UndoStack {

    /** Takes back one step; may be called again after it failed. */
    @FunctionalInterface
    interface Undo {
        void run() throws LunlockException;
    }

    private final Deque<Undo> steps = new ArrayDeque<>();

    void push(Undo undo) {
        steps.push(undo);
    }

    boolean isEmpty() {
        return steps.isEmpty();
    }

    /**
     * Undoes everything, newest first.
     *
     * @throws LunlockException when a step could not be undone; it is still there then, and what it
     *     stands on has not been touched
     */
    void run() throws LunlockException {
        while (!steps.isEmpty()) {
            steps.element().run();
            steps.remove();
        }
    }

    /** Forgets everything: it was undone in another way. */
    void clear() {
        steps.clear();
    }
}
