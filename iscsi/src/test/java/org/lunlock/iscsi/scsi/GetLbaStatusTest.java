// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.scsi.GetLbaStatus.Extent;
import org.lunlock.iscsi.scsi.GetLbaStatus.Status;

class GetLbaStatusTest {
    private static final String HEADER = "00000024 00000000 ";
    private static final String MAPPED = "0000000000000010 00000008 00 000000 ";
    private static final String DEALLOCATED = "0000000000000018 ffffffff 01 000000 ";

    @Test
    void asksFromAnLba() {
        assertThat(AnnotatedHex.hex(GetLbaStatus.from(0x0102030405060708L).cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                9e                # SERVICE ACTION IN(16)
                                12                # GET LBA STATUS
                                0102030405060708  # STARTING LOGICAL BLOCK ADDRESS
                                00000ff8          # ALLOCATION LENGTH
                                0000
                                """));
        assertThatIllegalStateException().isThrownBy(() -> GetLbaStatus.from(-1));
    }

    @Test
    void extentsFollowEachOther() throws ProtocolException {
        assertThat(AnnotatedHex.answer(GetLbaStatus.from(16), HEADER + MAPPED + DEALLOCATED))
                .containsExactly(
                        new Extent(16, 8, Status.MAPPED),
                        new Extent(24, 0xffffffffL, Status.DEALLOCATED));
    }

    @Test
    void dataThatWasCutEndsWithTheLastWholeExtent() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                GetLbaStatus.from(16), "00000ffc 00000000" + MAPPED + "00000000"))
                .containsExactly(new Extent(16, 8, Status.MAPPED));
    }

    @Test
    void anchoredIsTold() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                GetLbaStatus.from(0),
                                "00000014 00000000 0000000000000000 00000001 02 000000"))
                .containsExactly(new Extent(0, 1, Status.ANCHORED));
    }

    @Test
    void statusOfALaterStandardCountsAsMapped() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                GetLbaStatus.from(0),
                                "00000014 00000000 0000000000000000 00000001 03 000000"))
                .containsExactly(new Extent(0, 1, Status.MAPPED));
    }

    @Test
    void otherBlocksThanAskedForAreTheTargetsFault() {
        refuses(17, HEADER + MAPPED + DEALLOCATED);
        refuses(0, "00000014 00000000 ffffffffffffffff 00000001 00 000000");
    }

    @Test
    void gapsAndEmptyExtentsAreTheTargetsFault() {
        refuses(16, HEADER + MAPPED + "0000000000000019 00000001 01 000000");
        refuses(16, HEADER + MAPPED + "0000000000000018 00000000 01 000000");
    }

    @Test
    void noExtentAtAllIsTheTargetsFault() {
        refuses(16, "00000004 00000000");
    }

    private static void refuses(long lba, String answer) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(GetLbaStatus.from(lba), answer));
    }
}
