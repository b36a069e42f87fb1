// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;

/**
 * First in, first out, linked through the tasks themselves: nothing is allocated, and its length is
 * bounded by the tasks that its users made. A task is in one queue at a time.
 */
@SuppressWarnings("ReferenceEquality") // it is about this very task
final class TaskQueue {
    private @Nullable Task head;
    private @Nullable Task tail;
    private int size;

    boolean isEmpty() {
        return head == null;
    }

    int size() {
        return size;
    }

    @Nullable Task peek() {
        return head;
    }

    void add(Task task) {
        Check.that(task.next == null && tail != task, "a task is in one queue at a time");
        if (tail == null) {
            head = task;
        } else {
            tail.next = task;
        }
        tail = task;
        size++;
    }

    void addFirst(Task task) {
        Check.that(task.next == null && tail != task, "a task is in one queue at a time");
        task.next = head;
        head = task;
        if (tail == null) {
            tail = task;
        }
        size++;
    }

    /** Takes out those that match; the others stay in their order. */
    void moveIf(Predicate<Task> matches, List<Task> into) {
        Task task = head;
        head = null;
        tail = null;
        size = 0;
        while (task != null) {
            Task following = task.next;
            task.next = null;
            if (matches.test(task)) {
                into.add(task);
            } else {
                add(task);
            }
            task = following;
        }
    }

    @Nullable Task poll() {
        Task task = head;
        if (task != null) {
            head = task.next;
            task.next = null;
            size--;
            if (head == null) {
                tail = null;
            }
        }
        return task;
    }
}
