// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.iscsi.FencedException;
import org.lunlock.posix.MountTable;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Requires;
import org.lunlock.testkit.Until;

class AttachmentIT {
    private static final long CAPACITY = 128 << 20;
    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir Path home;
    private final ProcessExec exec = new ProcessExec();
    private final Tools tools = new Tools(exec);
    private RamDevice device = new RamDevice(CAPACITY);
    private @Nullable Process user;

    @BeforeAll
    static void needs() {
        Requires.fuseAndLoop();
        Requires.tool("mkfs.ext4");
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        Process process = user;
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
        device.close();
        List<String> left = Leftovers.clear(home);
        assertThat(left).isEmpty();
        assertThat(mounts()).isEmpty();
        assertThat(loops()).isEmpty();
    }

    private List<String> mounts() throws IOException {
        return MountTable.read().entries().stream()
                .filter(entry -> entry.isUnder(home))
                .map(MountTable.Entry::mountPoint)
                .toList();
    }

    private List<String> loops() throws IOException {
        return LoopDevice.all(tools).stream()
                .map(LoopDevice::file)
                .filter(file -> file.startsWith(home.toString()))
                .toList();
    }

    private Attachment attach(AttachSpec.@Nullable Mount mount) throws LunlockException {
        return LinuxAttachment.open(
                new AttachSpec("v", home, mount), device, tools, Duration.ofMillis(300));
    }

    private Attachment mount(String options) throws LunlockException {
        return attach(new AttachSpec.Mount(home.resolve("mnt/v"), true, options, null));
    }

    private static Path mountPoint(Attachment attachment) {
        Path path = attachment.mountPoint();
        if (path == null) {
            throw new IllegalStateException("not mounted");
        }
        return path;
    }

    private String run(String tool, String... arguments) throws LunlockException {
        ExecResult result = tools.run(LONG, tool, arguments);
        assertThat(result.ok()).as(tool + ": " + result).isTrue();
        return result.out();
    }

    private void makeFileSystem() throws LunlockException {
        try (Attachment attachment = attach(null)) {
            run("mkfs.ext4", "-q", attachment.device().toString());
        }
    }

    /** Files of all sizes from a seed. */
    private static void fill(Path directory, long seed) throws IOException {
        Random random = new Random(seed);
        for (int i = 0; i < 600; i++) {
            Path file = directory.resolve("d" + i % 20).resolve("f" + i);
            Files.createDirectories(file.getParent());
            byte[] content = new byte[random.nextInt(1 << random.nextInt(4, 19))];
            random.nextBytes(content);
            Files.write(file, content);
        }
    }

    private static Map<String, String> sums(Path directory) throws Exception {
        Map<String, String> sums = new TreeMap<>();
        try (var files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                byte[] sum = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file));
                sums.put(directory.relativize(file).toString(), HexFormat.of().formatHex(sum));
            }
        }
        return sums;
    }

    @ParameterizedTest
    @ValueSource(strings = {"on", "off"})
    void treeOfFilesSurvivesTheRoundTrip(String directIo) throws Exception {
        device.delay(Duration.ofNanos(100_000));
        Path tree = home.resolve("tree");
        fill(tree, 42);
        makeFileSystem();
        try (Attachment attachment = mount("")) {
            run("losetup", "--direct-io=" + directIo, attachment.device().toString());
            run("cp", "-a", tree.toString(), mountPoint(attachment).toString());
        }
        try (Attachment attachment = attach(null)) {
            run("e2fsck", "-fn", attachment.device().toString());
        }
        try (Attachment attachment = mount("")) {
            assertThat(sums(mountPoint(attachment).resolve("tree"))).isEqualTo(sums(tree));
        }
        assertThat(device.tampered()).isZero();
    }

    @Test
    void loopDeviceDoesDirectIoInTheDevicesBlocks() throws Exception {
        device = new RamDevice(CAPACITY, 4096);
        try (Attachment attachment = attach(null)) {
            Path sys = Path.of("/sys/block").resolve(attachment.device().getFileName());
            assertThat(Files.readString(sys.resolve("loop/dio")).strip()).isEqualTo("1");
            assertThat(Files.readString(sys.resolve("queue/logical_block_size")).strip())
                    .isEqualTo("4096");
            assertThat(run("blockdev", "--getsize64", attachment.device().toString()).strip())
                    .isEqualTo(Long.toString(CAPACITY));
        }
    }

    @Test
    void whatWasWrittenToTheDeviceIsFlushedWhenItIsClosed() throws Exception {
        try (Attachment attachment = attach(null)) {
            Files.write(
                    attachment.device(),
                    "hello".getBytes(UTF_8),
                    java.nio.file.StandardOpenOption.WRITE);
        }
        assertThat(device.bytes().get(0)).isEqualTo((byte) 'h');
        assertThat(device.count(Operation.FLUSH)).isPositive();
    }

    @Test
    void failureOfTheDeviceReachesTheApplication() throws Exception {
        makeFileSystem();
        try (Attachment attachment = mount("errors=continue")) {
            Path file = mountPoint(attachment).resolve("file");
            device.fail(Operation.WRITE, new FencedException("another host has it"));
            ExecResult dd =
                    tools.run(
                            LONG,
                            "dd",
                            "if=/dev/zero",
                            "of=" + file,
                            "bs=64k",
                            "count=16",
                            "conv=fsync");
            assertThat(dd.exitStatus()).isNotZero();
            assertThat(dd.err()).contains("Input/output error");
            device.fail(Operation.WRITE, null);
            attachment.closeForced();
        }
    }

    @Test
    void whatCouldNotBeWrittenBackIsReportedAndDetachedAllTheSame() throws Exception {
        Attachment attachment = attach(null);
        device.fail(Operation.WRITE, new FencedException("another host has it"));
        run(
                "dd",
                "if=/dev/zero",
                "of=" + attachment.device(),
                "bs=4k",
                "count=1",
                "conv=notrunc,nocreat");
        assertThatThrownBy(attachment::close).hasMessageContaining("is lost");
        assertThat(mounts()).isEmpty();
        assertThat(loops()).isEmpty();
        attachment.close();
    }

    @Test
    void failureOfTheLastFlushIsReported() throws Exception {
        Attachment attachment = attach(null);
        device.fail(Operation.FLUSH, new FencedException("another host has it"));
        assertThatThrownBy(attachment::close).isInstanceOf(LunlockException.class);
        assertThat(mounts()).isEmpty();
        assertThat(loops()).isEmpty();
    }

    @Test
    void trimZeroesWhatTheFileSystemDoesNotUse() throws Exception {
        makeFileSystem();
        try (Attachment attachment = mount("")) {
            long before = device.count(Operation.WRITE_ZEROES);
            run("fstrim", mountPoint(attachment).toString());
            assertThat(device.count(Operation.WRITE_ZEROES)).isGreaterThan(before);
            assertThat(device.count(Operation.DISCARD)).isZero();
        }
    }

    @Test
    void trimDoesNothingWhereTheDevicePunchesNoHoles() throws Exception {
        device.punchesHoles(false);
        makeFileSystem();
        try (Attachment attachment = mount("")) {
            tools.run(LONG, "fstrim", mountPoint(attachment).toString()); // the kernel says it did
        }
        assertThat(device.count(Operation.WRITE_ZEROES)).isZero();
        assertThat(device.count(Operation.DISCARD)).isZero();
    }

    @Test
    void readOnlyDeviceIsMountedReadOnly() throws Exception {
        makeFileSystem();
        device.readOnly(true);
        long writes = device.count(Operation.WRITE);
        try (Attachment attachment = mount("")) {
            assertThat(MountTable.read().at(mountPoint(attachment)).orElseThrow().options())
                    .startsWith("ro,");
            assertThatThrownBy(() -> Files.writeString(mountPoint(attachment).resolve("f"), ""))
                    .hasMessageContaining("Read-only file system");
        }
        assertThat(device.count(Operation.WRITE)).isEqualTo(writes);
    }

    @Test
    void mountThatTurnsOutReadOnlyIsNotPassedOff() throws Exception {
        makeFileSystem();
        try (Attachment attachment = attach(null)) {
            run("blockdev", "--setro", attachment.device().toString());
            var mount = new AttachSpec.Mount(home.resolve("mnt/v"), true, "", null);
            MountPoint point = MountPoint.prepare(tools, "v", mount);
            assertThatThrownBy(() -> point.mount(attachment.device(), "ext4", false, ""))
                    .hasMessageStartingWith("v (ext4) can only be read on this machine");
            run("blockdev", "--setrw", attachment.device().toString());
        }
    }

    @Test
    void volumeWithoutAFileSystemIsRefusedBeforeAnythingIsDone() throws Exception {
        assertThatThrownBy(() -> mount(""))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA));
        assertThat(home.resolve("fuse")).doesNotExist();
    }

    @Test
    void fileSystemThatCannotBeMountedLeavesNothingAttached() {
        device.bytes().put(0, "XFSB".getBytes(UTF_8)); // a mark, and nothing behind it
        assertThatThrownBy(() -> mount(""))
                .isInstanceOf(LunlockException.class)
                .hasMessageContaining("xfs");
    }

    @Test
    void closeNamesWhoIsInTheWayAndCanBeTriedAgain() throws Exception {
        makeFileSystem();
        Attachment attachment = mount("");
        Path directory = mountPoint(attachment);
        Process sleep = new ProcessBuilder("sleep", "60").directory(directory.toFile()).start();
        user = sleep;
        assertThatThrownBy(attachment::close)
                .hasMessageStartingWith(
                        "%s is still in use by sleep (pid %d)".formatted(directory, sleep.pid()));
        assertThat(attachment.mountPoint()).isEqualTo(directory);
        Files.writeString(directory.resolve("still"), "works");
        sleep.destroy();
        sleep.waitFor();
        attachment.close();
        assertThat(attachment.mountPoint()).isNull();
        attachment.close();
    }

    @Test
    void openDeviceIsInTheWayOfDetaching() throws Exception {
        Attachment attachment = attach(null);
        Process sleep =
                new ProcessBuilder("sleep", "60")
                        .redirectInput(attachment.device().toFile())
                        .start();
        user = sleep;
        assertThatThrownBy(attachment::close)
                .hasMessageStartingWith(
                        "%s is still in use by sleep (pid %d)"
                                .formatted(attachment.device(), sleep.pid()));
        sleep.destroy();
        sleep.waitFor();
        attachment.close();
    }

    @Test
    void forcedCloseEndsAlthoughTheDeviceDoesNotAnswerAndIsInUse() throws Exception {
        makeFileSystem();
        Attachment attachment = mount("");
        Path directory = mountPoint(attachment);
        device.hold();
        Process writer =
                new ProcessBuilder(
                                "dd", "if=/dev/zero", "of=big", "bs=1M", "count=16", "conv=fsync")
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .start();
        user = writer;
        Until.that("the device has something to do", () -> device.held() > 0);

        long start = System.nanoTime();
        attachment.closeForced();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
        assertThat(mounts()).isEmpty();

        assertThat(writer.waitFor(10, TimeUnit.SECONDS)).as("nobody hangs").isTrue();
        assertThat(writer.exitValue()).isNotZero();
        Until.that("the loop device goes with its last user", () -> loops().isEmpty());
        device.release();
        assertThat(attachment.closeForced()).isEmpty();
        attachment.close();
    }

    @Test
    void forcedCloseOverrulesACloseThatWaitsForTheDevice() throws Exception {
        makeFileSystem();
        Attachment attachment = mount("");
        Files.write(mountPoint(attachment).resolve("dirty"), new byte[1 << 20]);
        device.hold();
        Thread closer =
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                attachment.close();
                            } catch (LunlockException e) {
                                // whether it is told of the loss depends on where it was
                            }
                        });
        Until.that("the unmount writes back", () -> device.held() > 0);
        attachment.closeForced();
        assertThat(closer.join(Duration.ofSeconds(10))).isTrue();
        assertThat(mounts()).isEmpty();
    }
}
