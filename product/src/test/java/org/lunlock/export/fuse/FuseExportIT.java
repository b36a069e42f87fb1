// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.iscsi.FencedException;
import org.lunlock.posix.MountTable;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Requires;
import org.lunlock.testkit.Until;

class FuseExportIT {
    private static final int CAPACITY = 8 << 20;

    @TempDir Path directory;
    private final RamDevice device = new RamDevice(CAPACITY);

    @BeforeAll
    static void needs() {
        Requires.root();
        Requires.file("/dev/fuse");
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        device.close();
        assertThat(MountTable.read().at(directory)).isEmpty();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("fuse-v-"));
    }

    private FuseExport export() throws Exception {
        return new FuseExport(directory, "v", device);
    }

    @Test
    void fileIsTheDevice() throws Exception {
        byte[] content = new byte[3 << 20];
        new Random(1).nextBytes(content);
        try (FuseExport export = export();
                FileChannel file = FileChannel.open(export.file(), READ, WRITE)) {
            assertThat(file.size()).isEqualTo(CAPACITY);
            assertThat(file.write(ByteBuffer.wrap(content), 4097)).isEqualTo(content.length);
            assertThat(device.bytes().slice(4097, content.length))
                    .isEqualTo(ByteBuffer.wrap(content));
            ByteBuffer back = ByteBuffer.allocate(content.length);
            while (back.hasRemaining() && file.read(back, 4097 + back.position()) > 0) {}
            assertThat(back.array()).isEqualTo(content);
            assertThat(file.read(ByteBuffer.allocate(10), CAPACITY - 4)).isEqualTo(4);
            assertThat(file.read(ByteBuffer.allocate(10), CAPACITY)).isEqualTo(-1);
        }
    }

    @Test
    void directoryHoldsOneFileThatOnlyTheOwnerMayUse() throws Exception {
        try (FuseExport export = export();
                var files = Files.list(directory)) {
            assertThat(files).containsExactly(export.file());
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(export.file())))
                    .isEqualTo("rw-------");
            assertThat(Files.getAttribute(export.file(), "unix:uid")).isEqualTo(0);
            MountTable.Entry mount = MountTable.read().at(directory).orElseThrow();
            assertThat(mount.type()).isEqualTo("fuse.lunlock");
            assertThat(mount.source()).isEqualTo("lunlock:v");
            assertThat(mount.options()).contains("nosuid").contains("nodev").contains("noexec");
        }
    }

    @Test
    void fsyncAndCloseFlushTheDevice() throws Exception {
        try (FuseExport export = export()) {
            try (FileChannel file = FileChannel.open(export.file(), WRITE)) {
                file.write(ByteBuffer.allocate(512), 0);
                assertThat(device.count(Operation.FLUSH)).isZero();
                file.force(true);
                assertThat(device.count(Operation.FLUSH)).isEqualTo(1);
            }
            assertThat(device.count(Operation.FLUSH)).isEqualTo(2);
        }
    }

    @Test
    void writesOfASynchronousFileForceUnitAccess() throws Exception {
        try (FuseExport export = export();
                FileChannel file = FileChannel.open(export.file(), WRITE, DSYNC)) {
            file.write(ByteBuffer.allocate(512), 0);
            assertThat(device.forcedWrites()).isEqualTo(1);
        }
    }

    @Test
    void failureOfTheDeviceIsTheFailureOfTheCall() throws Exception {
        device.fail(Operation.WRITE, new FencedException("another host has it"))
                .fail(Operation.FLUSH, new IOException("unplugged"));
        try (FuseExport export = export();
                FileChannel file = FileChannel.open(export.file(), READ, WRITE)) {
            assertThatThrownBy(() -> file.write(ByteBuffer.allocate(512), 0))
                    .hasMessage("Input/output error");
            assertThatThrownBy(() -> file.force(true)).hasMessage("Input/output error");
            assertThat(file.read(ByteBuffer.allocate(512), 0)).isEqualTo(512);
            device.fail(Operation.FLUSH, null); // or closing the file would fail too
        }
    }

    @Test
    void writesPastTheEndAreRefused() throws Exception {
        try (FuseExport export = export();
                FileChannel file = FileChannel.open(export.file(), WRITE)) {
            assertThatThrownBy(() -> file.write(ByteBuffer.allocate(512), CAPACITY - 511))
                    .hasMessage("No space left on device");
            assertThat(device.count(Operation.WRITE)).isZero();
        }
    }

    @Test
    void readOnlyDeviceCannotBeOpenedForWriting() throws Exception {
        device.readOnly(true);
        try (FuseExport export = export()) {
            assertThatThrownBy(() -> FileChannel.open(export.file(), WRITE))
                    .isInstanceOf(FileSystemException.class)
                    .hasMessageContaining("Read-only file system");
            try (FileChannel file = FileChannel.open(export.file(), READ)) {
                assertThat(file.read(ByteBuffer.allocate(512), 0)).isEqualTo(512);
            }
        }
    }

    @Test
    void otherFilesCannotBeMade() throws Exception {
        try (FuseExport _ = export()) {
            assertThatThrownBy(() -> Files.createFile(directory.resolve("other")))
                    .isInstanceOf(FileSystemException.class);
            assertThatThrownBy(() -> Files.delete(directory.resolve(FuseExport.FILE_NAME)))
                    .isInstanceOf(FileSystemException.class);
        }
    }

    @Test
    void slowDeviceKeepsItsRequestsToItself() throws Exception {
        device.delay(Duration.ofNanos(200_000));
        byte[] content = new byte[CAPACITY];
        new Random(2).nextBytes(content);
        try (FuseExport export = export()) {
            CompletableFuture<?>[] writers = new CompletableFuture<?>[16];
            for (int i = 0; i < writers.length; i++) {
                int part = CAPACITY / writers.length;
                int from = i * part;
                writers[i] =
                        CompletableFuture.runAsync(() -> copy(export.file(), content, from, part));
            }
            CompletableFuture.allOf(writers).get(60, TimeUnit.SECONDS);
        }
        assertThat(device.bytes()).isEqualTo(ByteBuffer.wrap(content));
        assertThat(device.tampered()).isZero();
    }

    private static void copy(Path to, byte[] content, int from, int length) {
        try (FileChannel file = FileChannel.open(to, WRITE)) {
            int pieceBytes = 5000;
            for (int at = from; at < from + length; at += pieceBytes) {
                int bytes = Math.min(pieceBytes, from + length - at);
                file.write(ByteBuffer.wrap(content, at, bytes), at);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void moreRequestsThanSlotsWaitTheirTurn() throws Exception {
        device.hold();
        try (FuseExport export = export();
                var readers = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
            List<Future<String>> results = new ArrayList<>();
            for (int i = 0; i < 80; i++) {
                results.add(readers.submit(() -> read(export.file())));
            }
            Until.that("every slot is in use", () -> device.held() == 64);
            device.release();
            for (Future<String> result : results) {
                assertThat(result.get(20, TimeUnit.SECONDS)).isEmpty();
            }
        }
        assertThat(device.count(Operation.READ)).isEqualTo(80);
    }

    @Test
    void abortEndsWhoeverIsStuck() throws Exception {
        device.hold();
        try (FuseExport export = export()) {
            var stuck = reader(export.file());
            Until.that("the read is with the device", () -> device.held() > 0);
            export.abort();
            assertThat(stuck.get(20, TimeUnit.SECONDS)).isNotEmpty();
            device.release(); // the late completion finds nobody, and harms nobody
        }
    }

    @Test
    void closeWhileTheFileIsOpenEndsItsUsersAndItself() throws Exception {
        device.hold();
        FuseExport export = export();
        var stuck = reader(export.file());
        Until.that("the read is with the device", () -> device.held() > 0);
        export.close();
        assertThat(stuck.get(20, TimeUnit.SECONDS)).isNotEmpty();
        export.close();
    }

    @Test
    void unmountedByHandItStillAborts() throws Exception {
        try (FuseExport export = export()) {
            FileChannel file = FileChannel.open(export.file(), READ);
            Process umount = new ProcessBuilder("umount", "-l", directory.toString()).start();
            assertThat(umount.waitFor()).isZero();
            export.abort();
            assertThatThrownBy(() -> file.read(ByteBuffer.allocate(512), 0))
                    .isInstanceOf(IOException.class);
            assertThatThrownBy(file::close).hasMessage("Input/output error");
        }
    }

    /** Reads in a thread of its own; the message of the failure, empty if there was none. */
    private static CompletableFuture<String> reader(Path file) {
        return CompletableFuture.supplyAsync(() -> read(file));
    }

    private static String read(Path file) {
        try (FileChannel channel = FileChannel.open(file, READ)) {
            channel.read(ByteBuffer.allocate(4096), 0);
            return "";
        } catch (IOException e) {
            return e.toString();
        }
    }

    @Test
    void mountOnWhatIsNoDirectoryFailsAndLeavesNothing() {
        assertThatThrownBy(() -> new FuseExport(directory.resolve("none"), "v", device))
                .hasMessageStartingWith("cannot mount the device file on " + directory)
                .hasMessageContaining("No such file or directory");
    }
}
