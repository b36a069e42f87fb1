// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Property;

class MergerTest {
    private static final int BLOCK = 512;
    private static final int BLOCKS_MAX = 64;
    private static final int MANY = 1000;

    private final Merger merger = new Merger();
    private final TaskQueue queue = new TaskQueue();

    private static Io read(long lba, int blocks) {
        return Io.read(lba, blocks * BLOCK).merged(BLOCKS_MAX);
    }

    private static Io write(long lba, int blocks) {
        return Io.write(lba, new byte[blocks * BLOCK]).merged(BLOCKS_MAX);
    }

    private void queue(Io... tasks) {
        for (Io task : tasks) {
            queue.add(task.prepared());
        }
    }

    private int take() {
        return take(MANY, Integer.MAX_VALUE);
    }

    private Task command() {
        return Objects.requireNonNull(merger.take(queue, MANY, Integer.MAX_VALUE));
    }

    private int take(int most, int bytesMax) {
        Task command = merger.take(queue, most, bytesMax);
        return command == null ? 0 : command.parts();
    }

    // ------------------------------------------------------------------------ what is merged

    @Test
    void whatFollowsOnOneAnotherBecomesOneCommand() {
        queue(read(10, 1), read(11, 4), read(15, 2), read(18, 1));
        Task command = command();
        assertThat(command.parts()).isEqualTo(3);
        assertThat(command.length()).isEqualTo(7 * BLOCK);
        assertThat(command.cdbHigh()).isEqualTo(BlockCommands.readHigh(10, 7, 0));
        assertThat(command.cdbLow()).isEqualTo(BlockCommands.readLow(10, 7));
        assertThat(take()).isEqualTo(1);
        assertThat(take()).isZero();
    }

    @Test
    void whatDoesSomethingElseIsNotMerged() {
        Lun other = new Lun(2);
        queue(read(0, 1), write(1, 1), write(2, 1).flags(BlockCommands.FUA), write(3, 1));
        queue(write(4, 1).of(other, BLOCK), Io.write(5, new byte[BLOCK]).of(other, BLOCK));
        queue(read(7, 2), read(8, 1), read(9, 1).conduct(Task.Conduct.REPEATABLE));
        while (!queue.isEmpty()) {
            assertThat(take()).isEqualTo(1);
        }
    }

    @Test
    void noLimitIsExceeded() {
        queue(read(0, 30), read(30, 30), read(60, 5));
        assertThat(take()).as("blocks of a command").isEqualTo(2);
        assertThat(take()).isEqualTo(1);
        queue(write(0, 1), write(1, 1), write(2, 1), write(3, 1));
        assertThat(take(MANY, 2 * BLOCK)).as("bytes").isEqualTo(2);
        assertThat(take(1, Integer.MAX_VALUE)).as("tasks").isEqualTo(1);
        assertThat(take(MANY, 0)).as("one may always be sent").isEqualTo(1);
        for (int i = 0; i < 70; i++) {
            queue.add(Io.read(i, BLOCK).merged(1000).prepared());
        }
        assertThat(take()).as("buffers of a data segment").isEqualTo(64);
        assertThat(take()).isEqualTo(6);
    }

    @Test
    void aCommandTakenApartIsWhatItWas() {
        queue(read(10, 1), read(11, 4), read(15, 2));
        Task command = command();
        command.attempts = 3;
        var apart = command.takeApart();
        assertThat(apart).hasSize(3);
        long lba = 10;
        for (Task task : apart) {
            int blocks = task.length() / BLOCK;
            assertThat(task.parts()).isEqualTo(1);
            assertThat(task.attempts).isEqualTo(3);
            assertThat(task.cdbHigh()).isEqualTo(BlockCommands.readHigh(lba, blocks, 0));
            assertThat(task.cdbLow()).isEqualTo(BlockCommands.readLow(lba, blocks));
            task.standAlone();
            queue.add(task);
            lba += blocks;
        }
        assertThat(lba).isEqualTo(17);
        assertThat(take()).isEqualTo(1);
        assertThat(take()).isEqualTo(1);
    }

    @Test
    void everyByteBelongsToTheTaskThatHasIt() {
        Property.holds(
                200,
                random -> {
                    byte[] whole = new byte[BLOCKS_MAX * BLOCK];
                    random.nextBytes(whole);
                    List<Task> parts = new ArrayList<>();
                    int blocks = 0;
                    while (blocks < BLOCKS_MAX) {
                        int n = random.nextInt(1, BLOCKS_MAX - blocks + 1);
                        int margin = random.nextInt(3);
                        ByteBuffer data = ByteBuffer.allocate(n * BLOCK + 2 * margin);
                        data.position(margin).limit(margin + n * BLOCK);
                        data.put(margin, whole, blocks * BLOCK, n * BLOCK);
                        parts.add(Io.write(blocks, data).merged(BLOCKS_MAX).prepared());
                        blocks += n;
                    }
                    Task command = parts.removeFirst();
                    parts.forEach(command::append);
                    ByteBuffer[] views = new ByteBuffer[64];
                    for (int i = 0; i < 20; i++) {
                        int from = random.nextInt(whole.length);
                        int bytes = random.nextInt(1, whole.length - from + 1);
                        int count =
                                random.nextBoolean()
                                        ? command.dataIn(from, bytes, views)
                                        : command.dataOut(from, bytes, views);
                        ByteBuffer seen = ByteBuffer.allocate(bytes);
                        for (int k = 0; k < count; k++) {
                            seen.put(views[k]);
                        }
                        assertThat(seen.flip()).isEqualTo(ByteBuffer.wrap(whole, from, bytes));
                    }
                });
    }

    // ------------------------------------------------------------------------ what waits

    @Test
    void aShortOneThatGoesOnWaitsForMoreWhileAnswersComeAtOnce() {
        merger.answersComeAtOnce(true);
        queue(read(0, 1));
        assertThat(merger.waits(queue, 2)).as("it goes on where nothing was").isFalse();
        take();
        queue(read(1, 1), read(2, 1));
        assertThat(merger.waits(queue, 0)).as("the target is idle").isFalse();
        assertThat(merger.waits(queue, 1)).isTrue();
        merger.answersComeAtOnce(false);
        assertThat(merger.waits(queue, 1)).as("nobody knows when an answer comes").isFalse();
        merger.answersComeAtOnce(true);
        queue(read(3, 62));
        assertThat(merger.waits(queue, 1)).as("one command is full").isFalse();
    }

    @Test
    void aLongerOneWaitsBehindTwo() {
        merger.answersComeAtOnce(true);
        queue(Io.read(0, BLOCK).merged(1000));
        take();
        queue(Io.read(1, 127 * BLOCK).merged(1000));
        assertThat(merger.waits(queue, 1)).isTrue();
        queue(Io.read(128, BLOCK).merged(1000));
        assertThat(merger.waits(queue, 1)).isFalse();
        assertThat(merger.waits(queue, 2)).isTrue();
    }

    @Test
    void aCommandIsABurstLongAndTwiceThatForLongReadsOfABusyTarget() {
        int burst = 256 << 10;
        Task shortRead = Io.read(0, burst - BLOCK).prepared();
        Task longRead = Io.read(0, burst).prepared();
        Task longWrite = Io.write(0, new byte[burst]).prepared();
        assertThat(Merger.bytesMax(shortRead, 32)).isEqualTo(burst);
        assertThat(Merger.bytesMax(longWrite, 32)).isEqualTo(burst);
        assertThat(Merger.bytesMax(longRead, 4)).isEqualTo(burst);
        assertThat(Merger.bytesMax(longRead, 5)).isEqualTo(2 * burst);
    }

    @Test
    void aLongReadWaitsForAnotherWhileTheTargetIsBusy() {
        merger.answersComeAtOnce(true);
        queue(longRead(0));
        take();
        queue(longRead(512));
        assertThat(merger.waits(queue, 4)).as("a command is full").isFalse();
        assertThat(merger.waits(queue, 5)).isTrue();
        queue(longRead(1024));
        assertThat(merger.waits(queue, 5)).isFalse();
    }

    private static Io longRead(long lba) {
        return Io.read(lba, 256 << 10).merged(2048);
    }

    @Test
    void whatWaitsKeepsNothingElseWaiting() {
        merger.answersComeAtOnce(true);
        queue(write(0, 1));
        take();
        queue(write(1, 1));
        assertThat(merger.waits(queue, 5)).isTrue();
        queue(read(90, 1));
        assertThat(merger.waits(queue, 5)).isFalse();
    }

    @Test
    void aPlaceElsewhereDoesNotWait() {
        merger.answersComeAtOnce(true);
        queue(read(0, 1));
        take();
        queue(read(7, 1));
        assertThat(merger.waits(queue, 5)).isFalse();
        take();
        queue(write(8, 1));
        assertThat(merger.waits(queue, 5)).as("to write is not to go on reading").isFalse();
        take();
        queue(write(9, 1).of(new Lun(3), BLOCK));
        assertThat(merger.waits(queue, 5)).as("another logical unit").isFalse();
        take();
        queue(write(10, 1).merged(0));
        assertThat(merger.waits(queue, 5)).isFalse();
    }

    @Test
    void nothingWaitsInAnEmptyQueue() {
        merger.answersComeAtOnce(true);
        assertThat(merger.waits(queue, 5)).isFalse();
    }
}
