// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.iscsi.FencedException;
import org.lunlock.posix.Descriptor;
import org.lunlock.posix.Errno;
import org.lunlock.testkit.RamDevice;

/** Requests as the kernel writes them, from a file, and the replies behind them in it. */
class FuseServerTest {
    private static final int CAPACITY = 64 << 10;
    private static final long UNIQUE = 0x1122334455667788L;
    private static final int O_RDWR = 2;
    private static final int O_DSYNC = 0x1000;

    @TempDir Path directory;

    private final RamDevice device = new RamDevice(CAPACITY);
    private FuseServer server = serverOf(device);

    private static FuseServer serverOf(RamDevice device) {
        return new FuseServer(
                new OneFile("disk", device.capacityBytes(), 7, 8, device.readOnly()), device);
    }

    /** What the server replies; empty if nothing. */
    private ByteBuffer exchange(int opcode, long node, byte[] arguments) throws Exception {
        ByteBuffer request =
                ByteBuffer.allocate(40 + arguments.length).order(ByteOrder.nativeOrder());
        request.putInt(request.capacity()).putInt(opcode).putLong(UNIQUE).putLong(node);
        request.position(40).put(arguments);
        Path file = Files.write(directory.resolve("fuse"), request.array());
        Descriptor fuse = Descriptor.open(file, Descriptor.READ_WRITE);
        SlotPool pool = new SlotPool(1, fuse, new FailureLog("test"));
        Slot slot = Objects.requireNonNull(pool.take());
        slot.receive();
        server.serve(slot);
        pool.close();
        assertThat(pool.awaitIdle(Duration.ofSeconds(5))).isTrue();
        byte[] all = Files.readAllBytes(file);
        return ByteBuffer.wrap(all, request.capacity(), all.length - request.capacity())
                .slice()
                .order(ByteOrder.nativeOrder());
    }

    private static byte[] arguments(int bytes, Object... offsetsAndValues) {
        ByteBuffer arguments = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
        for (int i = 0; i < offsetsAndValues.length; i += 2) {
            int offset = (int) offsetsAndValues[i] - 40;
            switch (offsetsAndValues[i + 1]) {
                case Long value -> arguments.putLong(offset, value);
                case Integer value -> arguments.putInt(offset, value);
                default -> throw new IllegalArgumentException();
            }
        }
        return arguments.array();
    }

    private static byte[] range(long offset, int size) {
        return arguments(40, 48, offset, 56, size);
    }

    private static byte[] write(long offset, int size, int openFlags, byte[] data) {
        byte[] head = arguments(40, 48, offset, 56, size, 72, openFlags);
        return ByteBuffer.allocate(40 + data.length).put(head).put(data).array();
    }

    private static byte[] allocate(long offset, long length, int mode) {
        return arguments(32, 48, offset, 56, length, 64, mode);
    }

    private static void assertRefused(ByteBuffer reply, int errno) {
        assertThat(reply.remaining()).isEqualTo(16);
        assertThat(reply.getInt(0)).isEqualTo(16);
        assertThat(-reply.getInt(4)).isEqualTo(errno);
        assertThat(reply.getLong(8)).isEqualTo(UNIQUE);
    }

    private static void assertDone(ByteBuffer reply, int bodyBytes) {
        assertThat(reply.getInt(4)).isZero();
        assertThat(reply.getInt(0)).isEqualTo(16 + bodyBytes).isEqualTo(reply.remaining());
        assertThat(reply.getLong(8)).isEqualTo(UNIQUE);
    }

    @Test
    void readGetsTheBytesOfTheRange() throws Exception {
        device.bytes().put(1000, new byte[] {1, 2, 3, 4});
        ByteBuffer reply = exchange(15, OneFile.FILE, range(1001, 2));
        assertDone(reply, 2);
        assertThat(reply.get(16)).isEqualTo((byte) 2);
        assertThat(reply.get(17)).isEqualTo((byte) 3);
    }

    @Test
    void readEndsWhereTheFileEnds() throws Exception {
        assertDone(exchange(15, OneFile.FILE, range(CAPACITY - 10, 4096)), 10);
        assertDone(exchange(15, OneFile.FILE, range(CAPACITY, 4096)), 0);
        assertDone(exchange(15, OneFile.FILE, range(Long.MAX_VALUE, 4096)), 0);
        assertDone(exchange(15, OneFile.FILE, range(0, 0)), 0);
        assertThat(device.count(Operation.READ)).isEqualTo(1);
    }

    @Test
    void rangesThatAreNoneAreRefused() throws Exception {
        assertRefused(exchange(15, OneFile.FILE, range(-1, 4096)), Errno.EINVAL);
        assertRefused(exchange(15, OneFile.FILE, range(0, -1)), Errno.EINVAL);
        assertRefused(exchange(15, OneFile.FILE, range(0, (1 << 20) + 1)), Errno.EINVAL);
        assertRefused(exchange(15, OneFile.DIRECTORY, range(0, 1)), Errno.EISDIR);
        assertRefused(exchange(16, OneFile.FILE, write(-4, 4, 2, new byte[4])), Errno.EINVAL);
        assertRefused(exchange(43, OneFile.FILE, allocate(0, -1, 3)), Errno.EINVAL);
    }

    @Test
    void writeGoesToItsRangeAndSaysHowMuch() throws Exception {
        ByteBuffer reply = exchange(16, OneFile.FILE, write(513, 3, O_RDWR, new byte[] {9, 8, 7}));
        assertDone(reply, 8);
        assertThat(reply.getInt(16)).isEqualTo(3);
        assertThat(device.bytes().get(513)).isEqualTo((byte) 9);
        assertThat(device.bytes().get(515)).isEqualTo((byte) 7);
        assertThat(device.forcedWrites()).isZero();
    }

    @Test
    void writeOfASynchronousFileForcesUnitAccess() throws Exception {
        assertDone(exchange(16, OneFile.FILE, write(0, 1, O_RDWR | O_DSYNC, new byte[1])), 8);
        assertThat(device.forcedWrites()).isEqualTo(1);
    }

    @Test
    void writePastTheEndIsRefusedWhole() throws Exception {
        byte[] data = {1, 1, 1, 1};
        assertRefused(
                exchange(16, OneFile.FILE, write(CAPACITY - 2, 4, O_RDWR, data)), Errno.ENOSPC);
        assertRefused(
                exchange(16, OneFile.FILE, write(Long.MAX_VALUE - 1, 4, O_RDWR, data)),
                Errno.ENOSPC);
        assertThat(device.count(Operation.WRITE)).isZero();
    }

    @Test
    void writeThatClaimsMoreThanItBringsIsRefused() throws Exception {
        assertRefused(exchange(16, OneFile.FILE, write(0, 5, O_RDWR, new byte[4])), Errno.EINVAL);
        assertRefused(exchange(16, OneFile.FILE, write(0, -1, O_RDWR, new byte[4])), Errno.EINVAL);
    }

    @Test
    void closeAndFsyncFlushTheDevice() throws Exception {
        assertDone(exchange(25, OneFile.FILE, new byte[24]), 0);
        assertDone(exchange(20, OneFile.FILE, new byte[16]), 0);
        assertThat(device.count(Operation.FLUSH)).isEqualTo(2);
    }

    @Test
    void failureOfTheDeviceIsTheReply() throws Exception {
        for (Operation operation : Operation.values()) {
            device.fail(operation, new FencedException("another host has it"));
        }
        assertRefused(exchange(15, OneFile.FILE, range(0, 4096)), Errno.EIO);
        assertRefused(exchange(16, OneFile.FILE, write(0, 1, O_RDWR, new byte[1])), Errno.EIO);
        assertRefused(exchange(20, OneFile.FILE, new byte[16]), Errno.EIO);
        assertRefused(exchange(43, OneFile.FILE, allocate(0, 512, 3)), Errno.EIO);
    }

    @Test
    void holesAndZeroRangesReadAsZeroes() throws Exception {
        device.bytes().put(0, new byte[] {1, 1, 1, 1});
        assertDone(exchange(43, OneFile.FILE, allocate(0, 2, 3)), 0);
        assertDone(exchange(43, OneFile.FILE, allocate(2, 1, 16)), 0);
        assertThat(device.bytes().slice(0, 4)).isEqualTo(ByteBuffer.wrap(new byte[] {0, 0, 0, 1}));
        assertThat(device.count(Operation.WRITE_ZEROES)).isEqualTo(2);
        assertThat(device.count(Operation.DISCARD)).isZero();
    }

    @Test
    void holeInADeviceThatPunchesNoneIsNotSupported() throws Exception {
        device.punchesHoles(false);
        assertRefused(exchange(43, OneFile.FILE, allocate(0, 512, 3)), Errno.EOPNOTSUPP);
        assertDone(exchange(43, OneFile.FILE, allocate(0, 512, 17)), 0);
    }

    @Test
    void otherKindsOfAllocationAreNotSupported() throws Exception {
        for (int mode : new int[] {0, 1, 2, 8, 32, 64, 18}) {
            assertRefused(exchange(43, OneFile.FILE, allocate(0, 512, mode)), Errno.EOPNOTSUPP);
        }
    }

    @Test
    void readOnlyDeviceIsNotChanged() throws Exception {
        device.readOnly(true);
        server = serverOf(device);
        assertRefused(exchange(14, OneFile.FILE, arguments(8, 40, O_RDWR)), Errno.EROFS);
        assertDone(exchange(14, OneFile.FILE, arguments(8, 40, 0)), 16);
        assertRefused(exchange(16, OneFile.FILE, write(0, 1, O_RDWR, new byte[1])), Errno.EROFS);
        assertRefused(exchange(43, OneFile.FILE, allocate(0, 512, 3)), Errno.EROFS);
        assertDone(exchange(20, OneFile.FILE, new byte[16]), 0);
        assertThat(device.count(Operation.FLUSH)).isZero();
    }

    @Test
    void fileIsFoundByItsNameOnly() throws Exception {
        ByteBuffer entry =
                exchange(1, OneFile.DIRECTORY, "disk\0".getBytes(StandardCharsets.UTF_8));
        assertDone(entry, 128);
        assertThat(entry.getLong(16)).isEqualTo(OneFile.FILE);
        assertThat(entry.getLong(16 + 40)).as("ino").isEqualTo(OneFile.FILE);
        assertThat(entry.getLong(16 + 48)).as("size").isEqualTo(CAPACITY);
        assertThat(entry.getInt(16 + 40 + 60)).as("mode").isEqualTo(0100600);
        assertThat(entry.getInt(16 + 40 + 68)).as("uid").isEqualTo(7);
        assertThat(entry.getInt(16 + 40 + 72)).as("gid").isEqualTo(8);
        assertRefused(
                exchange(1, OneFile.DIRECTORY, "disk2\0".getBytes(StandardCharsets.UTF_8)),
                Errno.ENOENT);
    }

    @Test
    void sizeAndRightsStayAsTheyAre() throws Exception {
        assertDone(exchange(3, OneFile.FILE, new byte[16]), 104);
        assertRefused(exchange(4, OneFile.FILE, arguments(88, 40, 8, 56, 0L)), Errno.EPERM);
        assertDone(exchange(4, OneFile.FILE, arguments(88, 40, 8, 56, (long) CAPACITY)), 104);
        assertRefused(exchange(4, OneFile.FILE, arguments(88, 40, 1)), Errno.EPERM);
        assertDone(exchange(4, OneFile.FILE, arguments(88, 40, 32)), 104);
    }

    @Test
    void directoryIsListedOnce() throws Exception {
        ByteBuffer all = exchange(28, OneFile.DIRECTORY, arguments(40, 48, 0L));
        assertDone(all, 3 * 32);
        assertThat(all.getInt(16 + 64 + 16)).as("length of the name").isEqualTo(4);
        assertDone(exchange(28, OneFile.DIRECTORY, arguments(40, 48, 3L)), 0);
    }

    @Test
    void whatWeDoNotDoIsNotImplemented() throws Exception {
        for (int opcode : new int[] {5, 6, 8, 10, 12, 22, 35, 39, 46, 63, 64, 4096, -1}) {
            assertRefused(exchange(opcode, OneFile.FILE, new byte[40]), Errno.ENOSYS);
        }
    }

    @Test
    void forgetAndInterruptHaveNoReply() throws Exception {
        for (int opcode : new int[] {2, 36, 42}) {
            assertThat(exchange(opcode, OneFile.FILE, new byte[16]).remaining()).isZero();
        }
    }

    @Test
    void afterAbortEverythingThatTouchesTheDeviceFails() throws IOException, Exception {
        server.abort();
        assertRefused(exchange(15, OneFile.FILE, range(0, 4096)), Errno.EIO);
        assertRefused(exchange(16, OneFile.FILE, write(0, 1, O_RDWR, new byte[1])), Errno.EIO);
        assertRefused(exchange(20, OneFile.FILE, new byte[16]), Errno.EIO);
        assertRefused(exchange(43, OneFile.FILE, allocate(0, 512, 3)), Errno.EIO);
        for (Operation operation : Operation.values()) {
            assertThat(device.count(operation)).isZero();
        }
    }
}
