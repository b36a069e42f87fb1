// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

/** What a device can hold. */
enum Format {
    EXT("ext2/3/4", "ext4"),
    XFS("XFS", "xfs"),
    BTRFS("Btrfs", "btrfs"),
    F2FS("F2FS", "f2fs"),
    FAT("FAT", "vfat"),
    EXFAT("exFAT", "exfat"),
    NTFS("NTFS", "ntfs3"),
    HFS_PLUS("HFS+", "hfsplus"),
    HFS("HFS", "hfs"),
    APFS("APFS", "apfs"),
    LUKS("a LUKS container", ""),
    LVM("an LVM physical volume", ""),
    MD("a member of an md array", ""),
    SWAP("swap space", ""),
    GPT("a GPT partition table", ""),
    APPLE_PARTITIONS("an Apple partition map", ""),
    MBR("an MBR partition table", "");

    private final String title;
    private final String mountType;

    Format(String title, String mountType) {
        this.title = title;
        this.mountType = mountType;
    }

    /** As a person calls it. */
    String title() {
        return title;
    }

    /** The type that mount(8) is given; empty for what is not a file system. */
    String mountType() {
        return mountType;
    }
}
