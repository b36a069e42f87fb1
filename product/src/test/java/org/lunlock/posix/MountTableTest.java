// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class MountTableTest {
    private static final String TABLE =
            """
            22 27 0:21 / /proc rw,relatime - proc proc rw
            27 1 254:0 / / rw,relatime shared:1 master:2 - ext4 /dev/vda rw,discard
            40 27 0:44 / /run/lunlock/a/fuse/my\\040disk rw,nosuid - fuse.lunlock lunlock:my\\040disk rw
            41 27 7:3 / /mnt/b\\303\\244ck\\134up\\043\\011x ro,relatime shared:9 - ext4 /dev/loop3 ro
            42 27 0:50 / /mnt/same rw - tmpfs first rw
            43 27 0:51 / /mnt/same rw - tmpfs second rw
            something else
            """;

    private final MountTable table = MountTable.parse(TABLE.getBytes(StandardCharsets.UTF_8));

    @Test
    void linesWithAndWithoutTagsAreRead() {
        assertThat(table.entries()).hasSize(6);
        MountTable.Entry root = table.at(Path.of("/")).orElseThrow();
        assertThat(root.type()).isEqualTo("ext4");
        assertThat(root.source()).isEqualTo("/dev/vda");
        assertThat(root.major()).isEqualTo(254);
        assertThat(root.minor()).isZero();
        assertThat(root.options()).isEqualTo("rw,relatime");
        assertThat(root.superOptions()).isEqualTo("rw,discard");
    }

    @Test
    void octalEscapesAreBytes() {
        assertThat(table.entries().get(2).mountPoint()).isEqualTo("/run/lunlock/a/fuse/my disk");
        assertThat(table.entries().get(2).source()).isEqualTo("lunlock:my disk");
        assertThat(table.entries().get(3).mountPoint()).isEqualTo("/mnt/b\u00e4ck\\up#\tx");
    }

    @Test
    void lastMountOnADirectoryIsTheOneThatIsSeen() {
        assertThat(table.at(Path.of("/mnt/same")).orElseThrow().source()).isEqualTo("second");
    }

    @Test
    void belowADirectoryMeansWholeNames() {
        MountTable.Entry export = table.entries().get(2);
        assertThat(export.isUnder(Path.of("/run/lunlock/a"))).isTrue();
        assertThat(export.isUnder(Path.of("/run/lunlock/a/fuse/my disk"))).isTrue();
        assertThat(export.isUnder(Path.of("/run/lunlock/a/fuse/my"))).isFalse();
    }
}
