// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.util.List;

/** What a device can hold. */
enum Format {
    EXT("ext2/3/4", "ext4"),
    XFS("XFS", "xfs"),
    BTRFS("Btrfs", "btrfs"),
    F2FS("F2FS", "f2fs"),
    FAT("FAT", "vfat"),
    EXFAT("exFAT", "exfat exfat-fuse"),
    NTFS("NTFS", "ntfs3 ntfs-3g"),
    HFS_PLUS("HFS+", "hfsplus"),
    HFS("HFS", "hfs"),
    APFS("APFS", "apfs"),
    LUKS("a LUKS container", ""),
    LVM("an LVM physical volume", ""),
    BITLOCKER("a BitLocker volume", ""),
    MD("a member of an md array", ""),
    SWAP("swap space", ""),
    GPT("a GPT partition table", ""),
    APPLE_PARTITIONS("an Apple partition map", ""),
    MBR("an MBR partition table", "");

    private final String title;
    private final String mountTypes;

    /**
     * @param mountTypes between blanks
     */
    Format(String title, String mountTypes) {
        this.title = title;
        this.mountTypes = mountTypes;
    }

    /** As a person calls it. */
    String title() {
        return title;
    }

    /** The types that mount(8) can be given, best first; empty for what is not a file system. */
    List<String> mountTypes() {
        return mountTypes.isEmpty() ? List.of() : List.of(mountTypes.split(" ", -1));
    }
}
