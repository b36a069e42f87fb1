// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;

/**
 * The tasks that were sent and not answered yet, found by Initiator Task Tag. A tag is a slot and a
 * counter above it, so that a late PDU never finds the task that came to its slot afterwards.
 * Changed under the session's lock; {@link #find} takes none.
 */
final class TaskTable {
    /** 128 commands of 256 KiB are 32 MiB under way; above this they queue. */
    static final int OUTSTANDING_TASKS_MAX = 128;

    /**
     * Bytes of Data-Out. More of it under way fills the target's memory and the path to it, and not
     * the disks: tgt 1.0.85 takes twice as long for each byte with 8 MiB under way.
     */
    static final int WRITE_BYTES_MAX = 3 << 20;

    private static final int SLOT_BITS = 8;
    private static final int SLOT_MASK = (1 << SLOT_BITS) - 1;

    /** Not a slot: marks the tags of everything that is no SCSI command. */
    private static final int CONTROL_SLOT = SLOT_MASK - 1;

    private final AtomicReferenceArray<@Nullable Task> slots =
            new AtomicReferenceArray<>(OUTSTANDING_TASKS_MAX);
    private final int[] free = new int[OUTSTANDING_TASKS_MAX];
    private int freeCount = OUTSTANDING_TASKS_MAX;
    private long writeBytes;
    private int counter;

    TaskTable() {
        for (int i = 0; i < OUTSTANDING_TASKS_MAX; i++) {
            free[i] = OUTSTANDING_TASKS_MAX - 1 - i;
        }
    }

    boolean hasRoom() {
        return freeCount > 0;
    }

    /** How many tasks there are. */
    int size() {
        return OUTSTANDING_TASKS_MAX - freeCount;
    }

    /** Whether its Data-Out, if any, may be under way with that of the others. */
    boolean hasRoomFor(Task task) {
        return writeBytes == 0 || task.length() <= roomFor(task);
    }

    /** Bytes that a command of its kind may transfer now. */
    int roomFor(Task task) {
        return task.writes() ? (int) Math.max(0, WRITE_BYTES_MAX - writeBytes) : Integer.MAX_VALUE;
    }

    /** Gives the task its tag, and all that share its command the same. */
    void add(Task task) {
        Check.that(freeCount > 0, "a task is sent when there is room for it");
        int slot = free[--freeCount];
        int tag = counter++ << SLOT_BITS | slot;
        for (Task part = task; part != null; part = part.follower()) {
            part.initiatorTaskTag = tag;
        }
        slots.setRelease(slot, task);
        writeBytes += task.writes() ? task.length() : 0;
    }

    /** Frees the tag: no PDU may name it any more. RFC 7143 §11.4 (SCSI Response). */
    @SuppressWarnings("ReferenceEquality") // it is about this very task
    void remove(Task task) {
        int slot = task.initiatorTaskTag & SLOT_MASK;
        Check.that(slots.getAcquire(slot) == task, "a task leaves the table once");
        slots.setRelease(slot, null);
        free[freeCount++] = slot;
        writeBytes -= task.writes() ? task.length() : 0;
    }

    @Nullable Task find(int initiatorTaskTag) {
        Task task = at(initiatorTaskTag & SLOT_MASK);
        return task != null && task.initiatorTaskTag == initiatorTaskTag ? task : null;
    }

    private @Nullable Task at(int slot) {
        return slot < OUTSTANDING_TASKS_MAX ? slots.getAcquire(slot) : null;
    }

    /** A task that was sent before that time and is not answered, if there is one. */
    @Nullable Task sentBefore(long nanos) {
        for (int slot = 0; slot < OUTSTANDING_TASKS_MAX; slot++) {
            Task task = at(slot);
            if (task != null && task.sentNanos - nanos < 0) {
                return task;
            }
        }
        return null;
    }

    /** The tasks that are not answered yet and match. With the lock held. */
    List<Task> matching(Predicate<Task> matches) {
        List<Task> found = all();
        found.removeIf(task -> task.answered || !matches.test(task));
        return found;
    }

    /** All tasks that have a tag. With the lock held. */
    List<Task> all() {
        List<Task> found = new ArrayList<>();
        for (int slot = 0; slot < OUTSTANDING_TASKS_MAX; slot++) {
            Task task = at(slot);
            if (task != null) {
                found.add(task);
            }
        }
        return found;
    }

    /** Frees all tags. */
    List<Task> takeAll() {
        List<Task> taken = all();
        taken.forEach(this::remove);
        return taken;
    }

    /** A tag for a PDU that is no SCSI command; never that of a task, never the reserved one. */
    int controlTag() {
        return counter++ << SLOT_BITS | CONTROL_SLOT;
    }
}
