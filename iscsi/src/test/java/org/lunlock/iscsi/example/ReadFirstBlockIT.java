// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.Tgt;

@Timeout(60)
class ReadFirstBlockIT {

    @Test
    void readsWhatIsThere() throws IOException {
        try (Tgt tgt = Tgt.start()) {
            byte[] label = Patterns.bytes(1, 512);
            Files.write(tgt.image(), label, StandardOpenOption.WRITE);
            assertThat(ReadFirstBlock.firstBlock(tgt.portal(), new Lun(1)))
                    .isEqualTo(ByteBuffer.wrap(label));
        }
    }
}
