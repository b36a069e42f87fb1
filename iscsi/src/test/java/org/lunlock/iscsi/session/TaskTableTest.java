// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Property;

class TaskTableTest {
    private final TaskTable table = new TaskTable();

    @Test
    void aTaskIsFoundByItsTagWhileItIsThere() {
        Task task = task();
        table.add(task);
        assertThat(table.find(task.initiatorTaskTag)).isSameAs(task);
        table.remove(task);
        assertThat(table.find(task.initiatorTaskTag)).isNull();
    }

    @Test
    void theTableHasRoomFor128Tasks() {
        Set<Integer> tags = new HashSet<>();
        for (int i = 0; i < TaskTable.OUTSTANDING_TASKS_MAX; i++) {
            assertThat(table.hasRoom()).isTrue();
            Task task = task();
            table.add(task);
            assertThat(tags.add(task.initiatorTaskTag)).isTrue();
        }
        assertThat(table.hasRoom()).isFalse();
        assertThatIllegalStateException().isThrownBy(() -> table.add(task()));
    }

    @Test
    void theTableHasRoomForSomeWritesAndForOneOfAnyLength() {
        byte[] quarter = new byte[TaskTable.WRITE_BYTES_MAX / 4];
        Task[] writes = new Task[4];
        for (int i = 0; i < writes.length; i++) {
            writes[i] = Io.write(quarter).prepared();
            assertThat(table.hasRoomFor(writes[i])).isTrue();
            table.add(writes[i]);
        }
        assertThat(table.hasRoomFor(Io.write(new byte[512]).prepared())).isFalse();
        assertThat(table.hasRoomFor(Io.read(quarter.length).prepared())).isTrue();
        table.remove(writes[2]);
        assertThat(table.hasRoomFor(Io.write(quarter).prepared())).isTrue();
        table.takeAll();
        Task huge = Io.write(new byte[5 * quarter.length]).prepared();
        assertThat(table.hasRoomFor(huge)).isTrue();
    }

    @Test
    void aLateTagDoesNotFindTheTaskThatCameToItsSlot() {
        Task first = task();
        table.add(first);
        table.remove(first);
        Task second = task();
        table.add(second);
        assertThat(second.initiatorTaskTag).isNotEqualTo(first.initiatorTaskTag);
        assertThat(table.find(first.initiatorTaskTag)).isNull();
        assertThat(table.find(second.initiatorTaskTag)).isSameAs(second);
    }

    @Test
    void aTaskLeavesOnce() {
        Task task = task();
        table.add(task);
        table.remove(task);
        assertThatIllegalStateException().isThrownBy(() -> table.remove(task));
    }

    @Test
    void noTagIsTheReservedOneNorAControlTagATasks() {
        Set<Integer> control = new HashSet<>();
        for (int i = 0; i < 1 << 17; i++) {
            Task task = task();
            table.add(task);
            int tag = table.controlTag();
            assertThat(task.initiatorTaskTag).isNotEqualTo(Bhs.RESERVED_TAG);
            assertThat(tag).isNotEqualTo(Bhs.RESERVED_TAG).isNotEqualTo(task.initiatorTaskTag);
            assertThat(control.add(tag)).isTrue();
            assertThat(table.find(tag)).isNull();
            table.remove(task);
        }
    }

    @Test
    void anyTagAtAllIsFoundOrNot() {
        table.add(task());
        Property.holds(
                10_000,
                random -> {
                    int tag = random.nextInt();
                    Task found = table.find(tag);
                    assertThat(found == null || found.initiatorTaskTag == tag).isTrue();
                });
        assertThat(table.find(Bhs.RESERVED_TAG)).isNull();
        assertThat(table.find(-2)).isNull();
    }

    @Test
    void theOldestThatWaitsTooLongIsFound() {
        Task old = task();
        Task recent = task();
        table.add(old);
        table.add(recent);
        old.sentNanos = Long.MAX_VALUE - 5; // the clock wraps
        recent.sentNanos = Long.MIN_VALUE + 100;
        assertThat(table.sentBefore(Long.MAX_VALUE - 5)).isNull();
        assertThat(table.sentBefore(Long.MIN_VALUE + 50)).isSameAs(old);
    }

    @Test
    void allAreTakenAtOnce() {
        List<Task> tasks = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            Task task = task();
            table.add(task);
            tasks.add(task);
        }
        assertThat(table.takeAll()).containsExactlyInAnyOrderElementsOf(tasks);
        assertThat(table.takeAll()).isEmpty();
        assertThat(table.hasRoom()).isTrue();
    }

    @Test
    void whateverComesAndGoesTheTableIsAMap() {
        Property.holds(
                50,
                random -> {
                    TaskTable some = new TaskTable();
                    Map<Integer, Task> model = new HashMap<>();
                    ArrayDeque<Integer> gone = new ArrayDeque<>();
                    for (int i = 0; i < 500; i++) {
                        if (some.hasRoom() && random.nextBoolean()) {
                            Task task = task();
                            some.add(task);
                            assertThat(model.put(task.initiatorTaskTag, task)).isNull();
                        } else if (!model.isEmpty()) {
                            Task task =
                                    List.copyOf(model.values()).get(random.nextInt(model.size()));
                            some.remove(task);
                            model.remove(task.initiatorTaskTag);
                            gone.add(task.initiatorTaskTag);
                        }
                        model.forEach((tag, task) -> assertThat(some.find(tag)).isSameAs(task));
                        gone.forEach(tag -> assertThat(some.find(tag)).isNull());
                        if (gone.size() > 20) {
                            gone.poll();
                        }
                    }
                });
    }

    private static Task task() {
        return Io.read(512);
    }
}
