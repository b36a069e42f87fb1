// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import org.jspecify.annotations.Nullable;

/** The procedures of NFS version 3, with their numbers. RFC 1813, section 3.3. */
enum Procedure {
    NULL(0),
    GETATTR(1),
    SETATTR(2),
    LOOKUP(3),
    ACCESS(4),
    READLINK(5),
    READ(6),
    WRITE(7),
    CREATE(8),
    MKDIR(9),
    SYMLINK(10),
    MKNOD(11),
    REMOVE(12),
    RMDIR(13),
    RENAME(14),
    LINK(15),
    READDIR(16),
    READDIRPLUS(17),
    FSSTAT(18),
    FSINFO(19),
    PATHCONF(20),
    COMMIT(21);

    private static final Procedure[] BY_NUMBER = values();

    private final int number;

    Procedure(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    static @Nullable Procedure of(int number) {
        return number >= 0 && number < BY_NUMBER.length ? BY_NUMBER[number] : null;
    }
}
