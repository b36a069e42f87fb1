// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the tools of macOS print. */
class MacToolsTest {

    @Test
    void mountTableHasPlacesWithBlanksAndBrackets() {
        MacMounts mounts =
                MacMounts.parse(
                        "/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled)\n"
                                + "map auto_home on /System/Volumes/Data/home (autofs)\n"
                                + "//eva@nas/x on /Volumes/x (smbfs, nodev, mounted by eva)\n"
                                + "127.0.0.1:/ab on /Users/eva/Library/Application Support (1) on"
                                + " it/nfs (nfs, nodev, nosuid)\n"
                                + "something else\n");
        assertThat(mounts.entries()).hasSize(4);
        Path place = Path.of("/Users/eva/Library/Application Support (1) on it/nfs");
        assertThat(mounts.at(place))
                .hasValueSatisfying(entry -> {
                    assertThat(entry.source()).isEqualTo("127.0.0.1:/ab");
                    assertThat(entry.isNfs()).isTrue();
                    assertThat(entry.isReadOnly()).isFalse();
                });
        assertThat(mounts.at(Path.of("/Volumes"))).isEmpty();
    }

    @Test
    void lsofTellsProcessesByNumberAndName() {
        assertThat(OpenFiles.parse("p12\ncmdworker_shared\nf4\nf5\np13\ncFinder Helper\nf9\n"))
                .containsExactly("mdworker_shared (pid 12)", "Finder Helper (pid 13)");
        assertThat(OpenFiles.parse("")).isEmpty();
        assertThat(OpenFiles.named(List.of(), Path.of("/Volumes/x"))).isEqualTo("somebody");
        assertThat(OpenFiles.named(List.of("mds (pid 1)"), Path.of("/Volumes/x")))
                .contains("mdutil -i off /Volumes/x");
        assertThat(OpenFiles.named(List.of("mdsomething (pid 1)"), Path.of("/Volumes/x")))
                .doesNotContain("mdutil");
    }

    @ParameterizedTest
    @CsvSource({
        "attach-hfs, /dev/disk4, /dev/disk4s2",
        "attach-apfs, /dev/disk4, /dev/disk5s1",
        "attach-whole, /dev/disk4, /dev/disk4"
    })
    void volumeAndWholeDiskAreFound(String list, Path disk, Path volume) throws Exception {
        List<DiskImage.Entity> entities =
                DiskImage.entities(PropertyList.parse(FakeMac.resource(list + ".plist")));
        DiskImage image = new DiskImage(Path.of("/x"), disk, entities);
        assertThat(DiskImage.wholeDisk(entities)).contains(disk);
        assertThat(image.volume("v").device()).isEqualTo(volume);
    }

    @Test
    void whatDiskutilListsIsRead() {
        List<DiskImage.Entity> entities =
                DiskImage.listed(
                        """
                        Attaching...
                        /dev/disk4          \tGUID_partition_scheme          \t
                        /dev/disk4s1        \tApple_HFS        \t/Volumes/A B
                        /dev/disk5
                        """);
        assertThat(entities)
                .extracting(DiskImage.Entity::toString)
                .containsExactly(
                        "/dev/disk4 GUID_partition_scheme", "/dev/disk4s1 Apple_HFS", "/dev/disk5");
    }

    @ParameterizedTest
    @CsvSource({"/dev/../etc/passwd", "/dev/disk4;ls", "disk4", "/dev/disk4s", "-force"})
    void whatIsNoDiskIsNotTakenForOne(String device) throws Exception {
        PropertyList list =
                PropertyList.parse(
                        "<plist><dict><key>system-entities</key><array><dict><key>dev-entry</key>"
                                + "<string>"
                                + device
                                + "</string></dict></array></dict></plist>");
        assertThat(DiskImage.entities(list)).isEmpty();
        assertThat(DiskImage.listed(device)).isEmpty();
    }
}
