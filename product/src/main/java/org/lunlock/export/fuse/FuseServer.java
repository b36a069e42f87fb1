// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.lunlock.posix.Errno.EINVAL;
import static org.lunlock.posix.Errno.EIO;
import static org.lunlock.posix.Errno.EISDIR;
import static org.lunlock.posix.Errno.ENOENT;
import static org.lunlock.posix.Errno.ENOSPC;
import static org.lunlock.posix.Errno.ENOSYS;
import static org.lunlock.posix.Errno.EOPNOTSUPP;
import static org.lunlock.posix.Errno.EPERM;
import static org.lunlock.posix.Errno.EPROTO;
import static org.lunlock.posix.Errno.EROFS;

import java.lang.foreign.MemorySegment;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.BlockRequest.Operation;

/**
 * Answers the kernel's requests: what is about the file at once, what is about its bytes by handing
 * it to the device. Runs in the reader threads; waits only where the device's submit waits.
 */
final class FuseServer {
    static final int MAJOR = 7;

    /** Requests of up to 256 pages came with 7.28, Linux 4.20. */
    static final int MINOR_MIN = 28;

    private static final int MINOR_MAX = 38;

    private static final int FUSE_ASYNC_READ = 1;
    private static final int FUSE_BIG_WRITES = 1 << 5;
    private static final int FUSE_ASYNC_DIO = 1 << 15;
    private static final int FUSE_PARALLEL_DIROPS = 1 << 18;
    private static final int FUSE_MAX_PAGES = 1 << 22;
    private static final int PAGES_MAX = 256;

    /** Asynchronous requests under way in the kernel; more than a loop device keeps, 128. */
    private static final int BACKGROUND_MAX = 192;

    private static final int BACKGROUND_CONGESTED = 144;

    private static final int FATTR_MODE = 1;
    private static final int FATTR_UID = 1 << 1;
    private static final int FATTR_GID = 1 << 2;
    private static final int FATTR_SIZE = 1 << 3;

    private static final int O_ACCMODE = 3;
    private static final int O_DSYNC = 0x1000; // O_SYNC has this bit too

    private static final int KEEP_SIZE = 1;
    private static final int PUNCH_HOLE = 2;
    private static final int ZERO_RANGE = 16;

    private final OneFile file;
    private final BlockDevice device;
    private volatile boolean aborted;

    FuseServer(OneFile file, BlockDevice device) {
        this.file = file;
        this.device = device;
    }

    /** From now on every request that reaches us fails. */
    void abort() {
        aborted = true;
    }

    /** Sees to it that the request in the slot is answered, now or when the device has done it. */
    void serve(Slot slot) {
        Opcode opcode = Opcode.of(slot.opcode());
        if (opcode == null) {
            slot.refuse(ENOSYS);
            return;
        }
        switch (opcode) {
            case READ -> read(slot);
            case WRITE -> write(slot);
            case FLUSH, FSYNC -> flush(slot);
            case FALLOCATE -> allocate(slot);
            case LOOKUP -> lookup(slot);
            case GETATTR -> slot.reply(file.attributes(slot.node(), slot.body()));
            case SETATTR -> setAttributes(slot);
            case OPEN -> open(slot);
            case OPENDIR -> slot.reply(file.opened(slot.node(), slot.body()));
            case READDIR -> slot.reply(file.entries(slot.getLong(48), slot.body()));
            case STATFS -> slot.reply(file.statistics(slot.body()));
            case RELEASE, RELEASEDIR, FSYNCDIR, ACCESS, DESTROY -> slot.reply(0);
            case FORGET, BATCH_FORGET, INTERRUPT -> slot.drop();
            case INIT -> slot.refuse(EPROTO); // only the first request may be one
        }
    }

    /**
     * Agrees on how to talk: fuse_init_in at 40 with major, minor, max_readahead and flags, each 4
     * bytes; fuse_init_out, 64 bytes.
     *
     * @return false when this is no INIT or the kernel is too old, which it is told
     */
    boolean initialize(Slot slot) {
        if (Opcode.of(slot.opcode()) != Opcode.INIT) {
            slot.refuse(EPROTO);
            return false;
        }
        int major = slot.getInt(40);
        int minor = slot.getInt(44);
        int offered = slot.getInt(52);
        if (major != MAJOR || minor < MINOR_MIN) {
            slot.refuse(EPROTO);
            return false;
        }
        int wanted =
                FUSE_ASYNC_READ
                        | FUSE_BIG_WRITES
                        | FUSE_ASYNC_DIO
                        | FUSE_PARALLEL_DIROPS
                        | FUSE_MAX_PAGES;
        MemorySegment out = slot.body();
        out.asSlice(0, 64).fill((byte) 0);
        out.set(JAVA_INT, 0, MAJOR);
        out.set(JAVA_INT, 4, Math.min(minor, MINOR_MAX));
        out.set(JAVA_INT, 8, slot.getInt(48)); // max_readahead
        out.set(JAVA_INT, 12, wanted & offered);
        out.set(JAVA_SHORT, 16, (short) BACKGROUND_MAX);
        out.set(JAVA_SHORT, 18, (short) BACKGROUND_CONGESTED);
        out.set(JAVA_INT, 20, Slot.DATA_BYTES_MAX); // max_write
        out.set(JAVA_INT, 24, 1); // time_gran
        out.set(JAVA_SHORT, 28, (short) PAGES_MAX);
        slot.reply(64);
        return true;
    }

    /** fuse_read_in: offset at 48, size at 56. Ends at the end of the file, as files do. */
    private void read(Slot slot) {
        long offset = slot.getLong(48);
        int size = slot.getInt(56);
        if (slot.node() != OneFile.FILE) {
            slot.refuse(EISDIR);
        } else if (aborted) {
            slot.refuse(EIO);
        } else if (offset < 0 || size < 0 || size > Slot.DATA_BYTES_MAX) {
            slot.refuse(EINVAL);
        } else if (size == 0 || offset >= file.capacityBytes()) {
            slot.replyData(0);
        } else {
            int bytes = (int) Math.min(size, file.capacityBytes() - offset);
            slot.transfer(Operation.READ, offset, slot.data(bytes), false);
            device.submit(slot);
        }
    }

    /** fuse_write_in: offset at 48, size at 56, the flags of open(2) at 72, the data at 80. */
    private void write(Slot slot) {
        long offset = slot.getLong(48);
        int size = slot.getInt(56);
        if (size < 0 || size != slot.requestBytes() - 80) {
            slot.refuse(EINVAL);
            return;
        }
        int errno = changeRefused(slot, offset, size);
        if (errno != 0) {
            slot.refuse(errno);
            return;
        }
        boolean forceUnitAccess = (slot.getInt(72) & O_DSYNC) != 0;
        slot.transfer(Operation.WRITE, offset, slot.data(size), forceUnitAccess);
        device.submit(slot);
    }

    /** close(2) comes as FLUSH, fsync(2) as FSYNC: both end when the data is on stable storage. */
    private void flush(Slot slot) {
        if (aborted) {
            slot.refuse(EIO);
        } else if (device.readOnly()) {
            slot.reply(0);
        } else {
            slot.command(Operation.FLUSH, 0, 0);
            device.submit(slot);
        }
    }

    /**
     * fuse_fallocate_in: offset at 48, length at 56, mode at 64.
     *
     * <p>A hole reads as zeroes, and the loop driver depends on it: not only its DISCARD is a
     * punched hole but also its WRITE ZEROES, on which file systems build. So a hole is zeroing
     * here, for devices that give space back that way, and never DISCARD, after which the range may
     * read as anything.
     */
    private void allocate(Slot slot) {
        long offset = slot.getLong(48);
        long length = slot.getLong(56);
        int mode = slot.getInt(64);
        boolean hole = mode == (PUNCH_HOLE | KEEP_SIZE) && device.punchesHoles();
        boolean zero = mode == ZERO_RANGE || mode == (ZERO_RANGE | KEEP_SIZE);
        if (!hole && !zero) {
            slot.refuse(EOPNOTSUPP);
            return;
        }
        int errno = changeRefused(slot, offset, length);
        if (errno != 0) {
            slot.refuse(errno);
            return;
        }
        if (hole) {
            slot.command(Operation.WRITE_ZEROES, offset, length);
        } else {
            slot.zeroKeepingSpace(offset, length);
        }
        device.submit(slot);
    }

    /** Why this range cannot be changed, 0 when it can. */
    private int changeRefused(Slot slot, long offset, long length) {
        if (slot.node() != OneFile.FILE) {
            return EISDIR;
        }
        if (aborted) {
            return EIO;
        }
        if (file.readOnly()) {
            return EROFS;
        }
        if (offset < 0 || length < 0) {
            return EINVAL;
        }
        if (offset > file.capacityBytes() - length) {
            return ENOSPC; // as a block device has it
        }
        return 0;
    }

    private void lookup(Slot slot) {
        if (slot.node() == OneFile.DIRECTORY && slot.name().equals(file.name())) {
            slot.reply(file.entry(slot.body()));
        } else {
            slot.refuse(ENOENT);
        }
    }

    /** fuse_setattr_in: valid at 40, size at 56. Times are taken and forgotten. */
    private void setAttributes(Slot slot) {
        int valid = slot.getInt(40);
        boolean resizes = (valid & FATTR_SIZE) != 0 && slot.getLong(56) != file.capacityBytes();
        if (resizes || (valid & (FATTR_MODE | FATTR_UID | FATTR_GID)) != 0) {
            slot.refuse(EPERM);
        } else {
            slot.reply(file.attributes(slot.node(), slot.body()));
        }
    }

    /** fuse_open_in: the flags of open(2) at 40. */
    private void open(Slot slot) {
        boolean forWriting = (slot.getInt(40) & O_ACCMODE) != 0;
        if (forWriting && file.readOnly()) {
            slot.refuse(EROFS);
        } else {
            slot.reply(file.opened(slot.node(), slot.body()));
        }
    }
}
