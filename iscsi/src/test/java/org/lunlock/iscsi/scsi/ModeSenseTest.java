// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.scsi.ModeSense.WriteCache;

class ModeSenseTest {
    /** tgt 1.0.85: disconnect-reconnect, caching with WCE, control, and two more. */
    private static final String TGT_PAGES =
            """
            02 0e 8080000a0000000000000000 0000
            08 12
            14                # DISC, WCE
            00 ffff 0000 ffff ffff 80 14 0000 00000000
            0a 0a 021000000000000002 00
            """;

    @Test
    void asksForAllPagesWithoutBlockDescriptors() {
        assertThat(AnnotatedHex.hex(ModeSense.six().cdb())).isEqualTo("1a083f00ff00");
        assertThat(AnnotatedHex.hex(ModeSense.ten().cdb())).isEqualTo("5a083f00000000100000");
    }

    @Test
    void sixOfTgt() throws ProtocolException {
        assertThat(six("00 10 00", TGT_PAGES))
                .isEqualTo(new ModeSense(false, true, WriteCache.ENABLED));
    }

    @Test
    void tenOfTgtWithAReadOnlyDisk() throws ProtocolException {
        assertThat(ten("00 90 00 00 0000", TGT_PAGES))
                .isEqualTo(new ModeSense(true, true, WriteCache.ENABLED));
    }

    @Test
    void clearWceIsADisabledCache() throws ProtocolException {
        assertThat(six("00 00 00", "88 12 00" + "00".repeat(17)))
                .isEqualTo(new ModeSense(false, false, WriteCache.DISABLED));
    }

    @Test
    void noCachingPageIsNotReported() throws ProtocolException {
        assertThat(six("00 00 00", "0a 0a 02100000000000000200").writeCache())
                .isEqualTo(WriteCache.NOT_REPORTED);
        assertThat(six("00 00 00", "").writeCache()).isEqualTo(WriteCache.NOT_REPORTED);
    }

    @Test
    void subpagesAndBlockDescriptorsAreSkipped() throws ProtocolException {
        String descriptor = "0001ffff00000200";
        String subpage = "4a 01 0004 00000000";
        assertThat(six("00 00 08", descriptor + subpage + "08 12 04").writeCache())
                .isEqualTo(WriteCache.NOT_REPORTED); // cut before the page's first fields end
        assertThat(six("00 00 08", descriptor + subpage + "08 12 04 00").writeCache())
                .isEqualTo(WriteCache.ENABLED);
        assertThat(ten("00 00 00 00 0008", descriptor + subpage + TGT_PAGES).writeCache())
                .isEqualTo(WriteCache.ENABLED);
    }

    @Test
    void headerThatIsCutIsTheTargetsFault() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(ModeSense.six(), "03 00 00"));
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(ModeSense.ten(), "0006 00 00 00 00 00"));
    }

    private static ModeSense six(String header, String pages) throws ProtocolException {
        int length = 3 + AnnotatedHex.bytes(pages).remaining();
        return AnnotatedHex.answer(ModeSense.six(), "%02x %s%n%s".formatted(length, header, pages));
    }

    private static ModeSense ten(String header, String pages) throws ProtocolException {
        int length = 6 + AnnotatedHex.bytes(pages).remaining();
        return AnnotatedHex.answer(ModeSense.ten(), "%04x %s%n%s".formatted(length, header, pages));
    }
}
