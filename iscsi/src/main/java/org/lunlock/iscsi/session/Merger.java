// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.transport.PduBatch;

/**
 * Makes one command of transfers that wait together and follow on one another: a target has about
 * as much to do for a command of 32 KiB as for one of 4 KiB, and so have we. Guarded by the
 * session's lock.
 *
 * <p>A short transfer that goes on where the last command ended waits for more of its kind while
 * others are under way, as short segments do in TCP (RFC 896): a sequence of short requests becomes
 * one of long commands. It waits for the next answer, and only for one that the reading thread
 * expects at once: for five milliseconds if that was wrong.
 */
final class Merger {
    /** What is shorter waits while one command is under way, what is longer while two are. */
    private static final int SHORT_BYTES = 64 << 10;

    private static final int PARTS_MAX = PduBatch.SEGMENT_PIECES_MAX;

    /** A command of several transfers is no longer than a burst of most targets. */
    private static final int BYTES_MAX = 256 << 10;

    /** But one of READs that are as long by themselves, which costs a busy target less. */
    private static final int LONG_READS_BYTES_MAX = 2 * BYTES_MAX;

    /** So many commands under way keep a target busy, be they longer or not. */
    private static final int BUSY_COMMANDS = 5;

    private volatile boolean answersComeAtOnce;

    // where the last transfer ended
    private long lunField;
    private Task.@Nullable Direction direction;
    private long end;

    /** What the reading thread expects. In that thread, which flushes after a change to false. */
    void answersComeAtOnce(boolean expected) {
        if (answersComeAtOnce != expected) { // said for every answer, and read by those who send
            answersComeAtOnce = expected;
        }
    }

    /** Whether what is queued is better sent later, with what comes then. */
    boolean waits(TaskQueue queue, int underWay) {
        Task head = queue.peek();
        if (head == null || underWay == 0 || !answersComeAtOnce || !goesOn(head)) {
            return false;
        }
        int count = 1;
        int blocks = head.blocks();
        int bytes = head.length();
        for (Task task = head; task.next != null; task = task.next) {
            if (!task.next.mayMerge() || !task.precedes(task.next)) {
                return false; // something else waits behind it
            }
            count++;
            blocks += task.next.blocks();
            bytes += task.next.length();
        }
        boolean isFull =
                count >= PARTS_MAX
                        || blocks >= head.blocksMax()
                        || bytes >= bytesMax(head, underWay);
        return !isFull && (bytes < SHORT_BYTES || underWay > 1);
    }

    /** What a command that begins with this task, and has others in it, may transfer now. */
    static int bytesMax(Task head, int underWay) {
        boolean longReads = head.direction() == Task.Direction.READ && head.length() >= BYTES_MAX;
        return longReads && underWay >= BUSY_COMMANDS ? LONG_READS_BYTES_MAX : BYTES_MAX;
    }

    private boolean goesOn(Task task) {
        return task.mayMerge()
                && task.lba() == end
                && task.lunField() == lunField
                && task.direction() == direction;
    }

    /**
     * Takes the first task of the queue, and makes those behind it part of its command where that
     * can be.
     *
     * @param most tasks
     * @param bytesMax what the command may transfer, if it is more than one task
     */
    @Nullable Task take(TaskQueue queue, int most, int bytesMax) {
        Task command = queue.poll();
        if (command == null || !command.mayMerge()) {
            return command;
        }
        for (Task next = queue.peek(); next != null; next = queue.peek()) {
            boolean fits =
                    command.parts() < Math.min(most, PARTS_MAX)
                            && command.length() + next.length() <= bytesMax
                            && command.blocks() + next.blocks() <= command.blocksMax();
            if (!fits || !next.mayMerge() || !command.precedes(next)) {
                break;
            }
            queue.poll();
            command.append(next);
        }
        lunField = command.lunField();
        direction = command.direction();
        end = command.end();
        return command;
    }
}
