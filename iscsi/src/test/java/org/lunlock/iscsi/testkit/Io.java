// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.assertj.core.api.Assertions.fail;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task;

/**
 * One READ or WRITE as the data path issues it, and how it ended: of LUN 1 with blocks of 512 bytes
 * where nothing else is said.
 */
public final class Io extends Task {
    public static final Lun LUN = new Lun(1);

    private final ByteBuffer buffer;
    private final Direction direction;
    private final long lba;
    private Lun lun = LUN;
    private int blockBytes = 512;
    private Conduct conduct = Conduct.GUARDED;
    private int mergedBlocksMax;
    private int flags;
    private final CountDownLatch done = new CountDownLatch(1);
    private final AtomicInteger completions = new AtomicInteger();
    private volatile @Nullable IscsiException failure;
    private Runnable afterwards = () -> {};

    private Io(Direction direction, long lba, ByteBuffer buffer) {
        this.direction = direction;
        this.lba = lba;
        this.buffer = buffer;
    }

    /** A READ of this many bytes from block 0 on. */
    public static Io read(int bytes) {
        return read(0, bytes);
    }

    public static Io read(long lba, int bytes) {
        return read(lba, ByteBuffer.allocateDirect(bytes));
    }

    /** A READ into the buffer, from its position to its limit. */
    public static Io read(long lba, ByteBuffer into) {
        return new Io(Direction.READ, lba, into);
    }

    /** A WRITE to block 0. */
    public static Io write(byte[] data) {
        return write(0, data);
    }

    public static Io write(long lba, byte[] data) {
        return write(lba, ByteBuffer.allocateDirect(data.length).put(data).flip());
    }

    /** A WRITE from the buffer, from its position to its limit. */
    public static Io write(long lba, ByteBuffer from) {
        return new Io(Direction.WRITE, lba, from);
    }

    /** Of another logical unit. */
    public Io of(Lun other, int blockBytes) {
        this.lun = other;
        this.blockBytes = blockBytes;
        return this;
    }

    /** It may share a command of so many blocks with others. */
    public Io merged(int blocksMax) {
        mergedBlocksMax = blocksMax;
        return this;
    }

    /** With bits of {@link BlockCommands}. */
    public Io flags(int bits) {
        flags = bits;
        return this;
    }

    /** Guarded where nothing else is said. */
    public Io conduct(Conduct other) {
        conduct = other;
        return this;
    }

    /** What to do in {@link #completed}, whatever the thread. */
    public Io afterwards(Runnable action) {
        afterwards = action;
        return this;
    }

    /** Submits it. */
    public Io on(Session session) {
        session.submit(prepared());
        return this;
    }

    /** Queues it, for the session to push. */
    public void queueOn(Session session) {
        session.queue(prepared());
    }

    /** Makes it the command that it stands for, without a session. */
    public Io prepared() {
        int blocks = buffer.remaining() / blockBytes;
        boolean write = direction == Direction.WRITE;
        if (conduct == Conduct.GUARDED) {
            prepareTransfer(lun, write, lba, blocks, flags, buffer, mergedBlocksMax);
        } else {
            prepare(
                    write ? "WRITE" : "READ",
                    lun,
                    write
                            ? BlockCommands.writeHigh(lba, blocks, flags)
                            : BlockCommands.readHigh(lba, blocks, flags),
                    write
                            ? BlockCommands.writeLow(lba, blocks)
                            : BlockCommands.readLow(lba, blocks),
                    direction,
                    buffer,
                    true,
                    conduct);
        }
        return this;
    }

    @Override
    protected void completed(@Nullable IscsiException failure) {
        this.failure = failure;
        completions.incrementAndGet();
        done.countDown();
        afterwards.run();
    }

    public boolean isDone() {
        return done.getCount() == 0;
    }

    /** How often it was told that it has ended; more than once is a bug. */
    public int completions() {
        return completions.get();
    }

    /** The bytes that were read, or are written. */
    public byte[] bytes() {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(buffer.position(), bytes);
        return bytes;
    }

    /** Returns when it has ended well. */
    public Io succeeds() {
        return succeeds(ScriptedTarget.PATIENCE);
    }

    public Io succeeds(Duration within) {
        IscsiException end = end(within);
        if (end != null) {
            throw new AssertionError(this + " failed: " + end.getMessage(), end);
        }
        return this;
    }

    /** Returns how it failed. */
    public <E extends IscsiException> E fails(Class<E> type) {
        IscsiException end = end(ScriptedTarget.PATIENCE);
        if (end == null) {
            return fail(this + " succeeded, expected " + type.getSimpleName());
        }
        if (!type.isInstance(end)) {
            throw new AssertionError("expected " + type.getSimpleName() + ", got " + end, end);
        }
        return type.cast(end);
    }

    /** Why it failed; null while it has not ended, and when it ended well. */
    public @Nullable IscsiException failure() {
        return failure;
    }

    /** Returns when it has ended, one way or the other. */
    public Io ends() {
        end(ScriptedTarget.PATIENCE);
        return this;
    }

    private @Nullable IscsiException end(Duration within) {
        try {
            if (!done.await(within.toMillis(), TimeUnit.MILLISECONDS)) {
                fail(this + " did not end in " + within);
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
        if (completions.get() != 1) {
            fail(this + " ended " + completions.get() + " times");
        }
        return failure;
    }
}
