// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Property;

class TaskQueueTest {
    private final TaskQueue queue = new TaskQueue();
    private final Task first = Io.read(512);
    private final Task second = Io.read(512);
    private final Task third = Io.read(512);

    @Test
    void firstInFirstOut() {
        queue.add(first);
        queue.add(second);
        assertThat(queue.peek()).isSameAs(first);
        assertThat(queue.poll()).isSameAs(first);
        assertThat(queue.poll()).isSameAs(second);
        assertThat(queue.poll()).isNull();
        assertThat(queue.isEmpty()).isTrue();
    }

    @Test
    void whatIsAddedFirstComesFirst() {
        queue.addFirst(second);
        queue.add(third);
        queue.addFirst(first);
        assertThat(all()).containsExactly(first, second, third);
    }

    @Test
    void aTaskIsInOneQueueOnce() {
        queue.add(first);
        assertThatIllegalStateException().isThrownBy(() -> queue.add(first));
        queue.add(second);
        assertThatIllegalStateException().isThrownBy(() -> queue.addFirst(first));
        assertThatIllegalStateException().isThrownBy(() -> new TaskQueue().add(first));
    }

    @Test
    void thoseThatMatchAreTakenOutAndTheOthersKeepTheirOrder() {
        queue.add(first);
        queue.add(second);
        queue.add(third);
        List<Task> taken = new ArrayList<>();
        queue.moveIf(second::equals, taken);
        assertThat(taken).containsExactly(second);
        queue.add(second);
        assertThat(all()).containsExactly(first, third, second);
    }

    @Test
    void theLastMayBeTakenOut() {
        queue.add(first);
        queue.add(second);
        queue.moveIf(second::equals, new ArrayList<>());
        queue.add(third);
        assertThat(all()).containsExactly(first, third);
    }

    @Test
    void whateverIsDoneItIsADeque() {
        Property.holds(
                300,
                random -> {
                    TaskQueue some = new TaskQueue();
                    ArrayDeque<Task> model = new ArrayDeque<>();
                    List<Task> free = new ArrayList<>();
                    for (int i = 0; i < 8; i++) {
                        free.add(Io.read(512));
                    }
                    for (int i = 0; i < 100; i++) {
                        switch (random.nextInt(4)) {
                            case 0 -> {
                                if (!free.isEmpty()) {
                                    Task task = free.removeLast();
                                    some.add(task);
                                    model.addLast(task);
                                }
                            }
                            case 1 -> {
                                if (!free.isEmpty()) {
                                    Task task = free.removeLast();
                                    some.addFirst(task);
                                    model.addFirst(task);
                                }
                            }
                            case 2 -> {
                                Task task = some.poll();
                                assertThat(task).isSameAs(model.poll());
                                if (task != null) {
                                    free.add(task);
                                }
                            }
                            default -> {
                                int slot = random.nextInt(8);
                                List<Task> taken = new ArrayList<>();
                                some.moveIf(task -> task.hashCode() % 8 == slot, taken);
                                List<Task> expected = new ArrayList<>(model);
                                expected.removeIf(task -> task.hashCode() % 8 != slot);
                                model.removeAll(expected);
                                assertThat(taken).isEqualTo(expected);
                                free.addAll(taken);
                            }
                        }
                        assertThat(some.isEmpty()).isEqualTo(model.isEmpty());
                        assertThat(some.size()).isEqualTo(model.size());
                        assertThat(some.peek()).isSameAs(model.peek());
                    }
                });
    }

    private List<Task> all() {
        List<Task> all = new ArrayList<>();
        for (Task task = queue.poll(); task != null; task = queue.poll()) {
            all.add(task);
        }
        return all;
    }
}
