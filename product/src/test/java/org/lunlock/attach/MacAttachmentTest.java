// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.testkit.RamDevice;

/** The way of a volume on macOS, against what its tools say: nobody here has a Mac. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class MacAttachmentTest {
    private static final Duration PATIENCE = Duration.ofMillis(100);

    @TempDir Path directory;
    private final RamDevice device = new RamDevice(1 << 20);
    private Path home = Path.of("/");
    private Path point = Path.of("/");
    private Path nfs = Path.of("/");
    private FakeMac mac;

    @BeforeEach
    void boot() throws IOException {
        directory = directory.toRealPath();
        home = directory.resolve("Library/Application Support/lunlock/run");
        point = home.resolve("mnt/backup");
        nfs = home.resolve("nfs/backup");
        mac = new FakeMac(directory.resolve("bin"));
    }

    @AfterEach
    void nothingIsLeft() {
        device.close();
        assertThat(mac.there).isEmpty();
        assertThat(nfs).doesNotExist();
    }

    private Attachment attach(AttachSpec.@Nullable Mount mount) throws LunlockException {
        AttachSpec spec = new AttachSpec("backup", home, mount);
        return MacAttachment.open(spec, device, () -> 0, mac.tools(), PATIENCE);
    }

    private Attachment mount() throws LunlockException {
        return attach(new AttachSpec.Mount(point, true, "", null));
    }

    /** What was run and changes something, with the names of this run in short. */
    private List<String> steps() {
        return mac.commands.stream()
                .filter(line -> !line.equals("mount") && !line.equals("hdiutil info -plist"))
                .map(line ->
                        line.replace(point.toString(), "POINT")
                                .replace(nfs.toString(), "NFS")
                                .replaceAll("port=[0-9]+", "port=N")
                                .replaceAll("/[0-9a-f]{32} ", "/SECRET ")
                                .replaceAll("-w [0-9]+", "-w PID"))
                .toList();
    }

    @Test
    void volumeIsAttachedAndMountedAndAllOfItGoesBackwards() throws Exception {
        try (Attachment attachment = mount()) {
            assertThat(attachment.device()).isEqualTo(Path.of("/dev/disk4"));
            assertThat(attachment.mountPoint()).isEqualTo(point);
            assertThat(mac.there).containsExactly("caffeinate", "disk", "nfs", "volume");
        }
        assertThat(steps())
                .containsExactly(
                        "caffeinate -i -s -w PID",
                        "mount_nfs -o vers=3,tcp,port=N,mountport=N,soft,dumbtimer,timeo=300,"
                                + "retrans=2,deadtimeout=60,retrycnt=0,locallocks,noresvport,"
                                + "rsize=1048576,wsize=1048576,nobrowse,nosuid,nodev,noexec"
                                + " 127.0.0.1:/SECRET NFS",
                        "hdiutil attach -nomount -plist -noverify -noautofsck"
                                + " -imagekey diskimage-class=CRawDiskImage NFS/disk",
                        "diskutil mount -mountPoint POINT /dev/disk4s2",
                        "diskutil unmount /dev/disk4s2",
                        "hdiutil detach /dev/disk4",
                        "umount NFS");
        assertThat(device.count(Operation.FLUSH)).isEqualTo(1);
    }

    @Test
    void readOnlyVolumeIsAttachedAndMountedReadOnly() throws Exception {
        device.readOnly(true);
        mac.mountedAs = "hfs, local, read-only, noowners";
        mount().close();
        assertThat(steps())
                .anyMatch(line -> line.contains("CRawDiskImage -readonly NFS/disk"))
                .contains("diskutil mount readOnly -mountPoint POINT /dev/disk4s2");
        assertThat(device.count(Operation.FLUSH)).isZero();
    }

    @Test
    void deviceAloneIsNotMounted() throws Exception {
        mac.attached = "attach-blank";
        try (Attachment attachment = attach(null)) {
            assertThat(attachment.device()).isEqualTo(Path.of("/dev/disk4"));
            assertThat(attachment.mountPoint()).isNull();
        }
        assertThat(steps()).noneMatch(line -> line.startsWith("diskutil"));
    }

    @Test
    void optionsGoToMountAndAVolumeOfApfsIsFoundInItsContainer() throws Exception {
        mac.attached = "attach-apfs";
        attach(new AttachSpec.Mount(point, true, "nobrowse,noatime", null)).close();
        assertThat(steps())
                .contains(
                        "diskutil mount -mountOptions nobrowse,noatime -mountPoint POINT"
                                + " /dev/disk5s1",
                        "hdiutil detach /dev/disk4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mount_nfs", "hdiutil attach", "diskutil mount"})
    void stepThatFailsLeavesNothingBehind(String step) {
        mac.fails(step, step + ": Input/output error\n");
        assertThatThrownBy(this::mount)
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.IO))
                .hasMessageContaining("(" + step + ": Input/output error)")
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"mount_nfs", "hdiutil attach", "diskutil mount"})
    void stepThatIsDoneButDoesNotSaySoInTimeLeavesNothingBehind(String step) {
        mac.hangs(step);
        assertThatThrownBy(this::mount).hasMessageContaining("it did not end in time");
    }

    @Test
    void secretOfTheExportIsInNoMessage() {
        mac.fails("mount_nfs", "mount_nfs: can't mount /0123456789abcdef from 127.0.0.1\n");
        assertThatThrownBy(this::mount)
                .satisfies(e ->
                        assertThat(String.valueOf(e.getMessage()))
                                .doesNotContainPattern("[0-9a-f]{32}"));
    }

    @Test
    void privacyOfMacOsIsExplained() {
        mac.fails("mount_nfs", "mount_nfs: can't mount: Operation not permitted\n");
        assertThatThrownBy(this::mount).hasMessageContaining("System Settings, Privacy");
    }

    @Test
    void whatHdiutilPrintsAndIsNoListIsAFailure() {
        mac.attached = "garbage";
        assertThatThrownBy(this::mount).hasMessageContaining("printed what is not known");
    }

    @ParameterizedTest
    @CsvSource({
        "attach-two, backup holds more than one volume",
        "attach-blank, backup holds no volume that macOS can mount"
    })
    void volumeMustBeTheOnlyOne(String found, String message) {
        mac.attached = found;
        assertThatThrownBy(this::mount)
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageStartingWith(message)
                .hasMessageContaining("lunlock attach backup");
    }

    @Test
    void volumeThatCanOnlyBeReadIsNotMountedForWriting() {
        mac.mountedAs = "ntfs, local, read-only, noowners";
        assertThatThrownBy(this::mount)
                .hasMessageStartingWith("backup (ntfs) can only be read on this machine");
    }

    @Test
    void busyVolumeNamesWhoKeepsItAndCanBeClosedLater() throws Exception {
        Attachment attachment = mount();
        mac.busy = 1000;
        assertThatThrownBy(attachment::close)
                .hasMessageStartingWith(point + " is still in use by mds_stores (pid 88)")
                .hasMessageContaining("mdutil -i off " + point);
        assertThat(attachment.isOpen()).isTrue();
        assertThat(attachment.mountPoint()).isEqualTo(point);
        assertThat(mac.there).contains("volume", "disk", "nfs", "caffeinate");
        mac.busy = 1; // once more, which is tried again
        attachment.close();
        assertThat(attachment.isOpen()).isFalse();
        attachment.close();
    }

    @Test
    void whoKeepsItIsAskedOfLsofWhenDiskutilDoesNotKnow() throws Exception {
        Attachment attachment = mount();
        mac.busy = 1000;
        mac.refusal = "Volume Backup on disk4s2 failed to unmount\n";
        mac.openFiles = "p4711\ncrsync\nf5\np4712\nczsh\n";
        assertThatThrownBy(attachment::close)
                .hasMessageContaining("in use by rsync (pid 4711), zsh (pid 4712):");
        mac.busy = 0;
        attachment.close();
    }

    @Test
    void busyDiskNamesWhoKeepsIt() throws Exception {
        Attachment attachment = attach(null);
        mac.busy = 1000;
        mac.openFiles = "p99\ncdd\nf3\n";
        assertThatThrownBy(attachment::close)
                .hasMessageStartingWith("/dev/disk4 is still in use by dd (pid 99)");
        assertThat(steps()).contains("lsof -w -F pc -- /dev/disk4 /dev/rdisk4");
        mac.busy = 0;
        attachment.close();
    }

    @Test
    void forcedCloseAsksNobodyAndFailsAllInputAndOutputFirst() throws Exception {
        Attachment attachment = mount();
        device.hold();
        mac.busy = 1000;
        assertThat(attachment.closeForced()).isEmpty();
        assertThat(steps().subList(4, steps().size()))
                .containsExactly(
                        "diskutil unmount force /dev/disk4s2",
                        "hdiutil detach /dev/disk4 -force",
                        "umount -f NFS");
        assertThat(attachment.isOpen()).isFalse();
        assertThat(attachment.closeForced()).isEmpty();
    }

    @Test
    void forcedCloseGoesOnWhenAToolHangs() throws Exception {
        Attachment attachment = mount();
        mac.fails("diskutil unmount force", "").hangs("umount -f " + point);
        assertThat(attachment.closeForced()).isEmpty();
    }

    @Test
    void forcedCloseTellsWhatIsLeft() throws Exception {
        Attachment attachment = mount();
        mac.fails("diskutil unmount", "timed out\n").fails("umount -f", "umount: busy\n");
        mac.fails("hdiutil detach", "hdiutil: detach failed\n");
        assertThat(attachment.closeForced())
                .containsExactly(
                        point + " cannot even be unmounted by force: umount: busy",
                        "/dev/disk4 cannot even be detached by force: hdiutil: detach failed",
                        nfs + " cannot even be unmounted by force: umount: busy");
        mac.heal();
        assertThat(MacLeftovers.clear(home, mac.tools())).hasSize(3);
    }

    @Test
    void forcedCloseEndsWithinAMinuteThoughNoToolEnds() throws Exception {
        Attachment attachment = mount();
        mac.stuck = true;
        mac.given = Duration.ZERO;
        assertThat(attachment.closeForced())
                .isNotEmpty()
                .allMatch(line -> line.contains("it did not end in time"));
        assertThat(mac.given).isLessThan(Duration.ofMinutes(1));
        mac.heal();
        assertThat(MacLeftovers.clear(home, mac.tools()))
                .hasSize(3)
                .allMatch(line -> line.startsWith("cleared "));
    }

    @Test
    void lastFlushThatFailsIsSaidAndEverythingIsDetached() throws Exception {
        Attachment attachment = mount();
        device.fail(Operation.FLUSH, new IOException("medium error"));
        assertThatThrownBy(attachment::close)
                .hasMessageContaining("the last flush failed: medium error");
        assertThat(attachment.isOpen()).isFalse();
    }

    @Test
    void withoutHdiutilTheNewerVerbOfDiskutilIsUsed() throws Exception {
        mac.without("hdiutil");
        mount().close();
        assertThat(steps())
                .contains("diskutil image attach --noMount NFS/disk", "diskutil eject /dev/disk4")
                .noneMatch(line -> line.startsWith("hdiutil"));
    }

    @Test
    void machineThatMayFallAsleepIsNoFailure() throws Exception {
        mac.without("caffeinate");
        mount().close();
    }

    @Test
    void placeThatIsTakenIsRefusedBeforeAnythingIsDone() throws Exception {
        Files.createDirectories(point);
        mac.leave(home.resolve("nfs/other"), point);
        assertThatThrownBy(this::mount)
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.CONFIGURATION))
                .hasMessageContaining("is in use by another mount");
        assertThat(steps()).isEmpty();
        mac.there.clear();
    }

    @Test
    void whatADeadDaemonLeftIsClearedAndNothingElse() throws Exception {
        Files.createDirectories(nfs);
        mac.leave(nfs, point);
        assertThat(MacLeftovers.clear(home.resolve("elsewhere"), mac.tools())).isEmpty();
        assertThat(mac.commands).isEmpty();
        assertThat(MacLeftovers.clear(home, mac.tools()))
                .containsExactly(
                        "cleared mount %s of /dev/disk4s2".formatted(point),
                        "cleared disk /dev/disk4",
                        "cleared device file " + nfs);
        assertThat(steps())
                .containsExactly(
                        "diskutil unmount force /dev/disk4s2",
                        "hdiutil detach /dev/disk4 -force",
                        "umount -f NFS");
    }

    @Test
    void leftoversThatCannotBeListedAreSaid() throws Exception {
        Files.createDirectories(nfs);
        mac.fails("hdiutil info", "hdiutil: info failed\n");
        assertThat(MacLeftovers.clear(home, mac.tools()))
                .containsExactly(
                        "could not look for what is left: attached images cannot be listed:"
                                + " hdiutil: info failed");
        Files.delete(nfs);
    }
}
