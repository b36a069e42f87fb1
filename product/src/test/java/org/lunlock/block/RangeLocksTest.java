// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Property;

class RangeLocksTest {
    private final RangeLocks locks = new RangeLocks();

    private static final class Range extends RangeLocks.Entry {
        private final int start;
        private final int end;
        private final boolean exclusive;
        private boolean granted;

        Range(int start, int end, boolean exclusive) {
            this.start = start;
            this.end = end;
            this.exclusive = exclusive;
        }

        @Override
        protected void granted() {
            assertThat(granted).isFalse();
            granted = true;
        }

        boolean excludes(Range other) {
            return (exclusive || other.exclusive) && start < other.end && other.start < end;
        }
    }

    private Range enter(int start, int end, boolean exclusive) {
        Range range = new Range(start, end, exclusive);
        locks.enter(range, start, end, exclusive);
        return range;
    }

    @Test
    void writesOfTheSameBlocksGoSideBySide() {
        assertThat(enter(0, 8, false).granted).isTrue();
        assertThat(enter(0, 8, false).granted).isTrue();
    }

    @Test
    void mergeWaitsForTheWritesOfItsBlocksAndForNoOthers() {
        Range write = enter(0, 8, false);
        enter(8, 16, false);
        Range merge = enter(4, 8, true);
        assertThat(merge.granted).isFalse();
        locks.leave(write);
        assertThat(merge.granted).isTrue();
    }

    @Test
    void writesOfBlocksThatAreMergedWait() {
        Range merge = enter(4, 8, true);
        Range same = enter(0, 5, false);
        assertThat(enter(8, 12, false).granted).isTrue();
        assertThat(enter(0, 4, true).granted).isFalse(); // nor does it overtake the write
        assertThat(same.granted).isFalse();
        locks.leave(merge);
        assertThat(same.granted).isTrue();
    }

    @Test
    void mergeIsNotOvertakenForEver() {
        Range first = enter(0, 8, false);
        Range merge = enter(0, 8, true);
        Range later = enter(0, 8, false);
        assertThat(later.granted).isFalse();
        locks.leave(first);
        assertThat(merge.granted).isTrue();
        assertThat(later.granted).isFalse();
        locks.leave(merge);
        assertThat(later.granted).isTrue();
    }

    @Test
    void nobodyIsLetInBesideWhoeverExcludesHimAndNobodyIsForgotten() {
        Property.holds(
                300,
                random -> {
                    RangeLocks under = new RangeLocks();
                    List<Range> ranges = new ArrayList<>();
                    for (int i = 0; i < 60; i++) {
                        if (random.nextInt(3) > 0 || ranges.stream().noneMatch(it -> it.granted)) {
                            int start = random.nextInt(20);
                            int end = start + random.nextInt(1, 6);
                            Range range = new Range(start, end, random.nextInt(3) == 0);
                            ranges.add(range);
                            under.enter(range, start, end, range.exclusive);
                        } else {
                            List<Range> granted = ranges.stream().filter(it -> it.granted).toList();
                            Range leaving = granted.get(random.nextInt(granted.size()));
                            ranges.remove(leaving);
                            under.leave(leaving);
                        }
                        check(ranges);
                    }
                });
    }

    /** Whoever waits has a reason, somebody before him; whoever does not wait excludes no other. */
    private static void check(List<Range> ranges) {
        for (int i = 0; i < ranges.size(); i++) {
            Range range = ranges.get(i);
            List<Range> before =
                    ranges.subList(0, i).stream().filter(it -> it.excludes(range)).toList();
            assertThat(range.granted).isEqualTo(before.isEmpty());
        }
    }
}
