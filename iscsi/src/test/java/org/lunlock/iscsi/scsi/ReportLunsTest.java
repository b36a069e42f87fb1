// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;

class ReportLunsTest {

    @Test
    void asksWithRoomForEveryLun() {
        assertThat(AnnotatedHex.hex(ReportLuns.request().cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                a0        # REPORT LUNS
                                00
                                00        # SELECT REPORT
                                000000
                                00020008  # ALLOCATION LENGTH
                                0000
                                """));
    }

    @Test
    void listsInTheTargetsOrderWithoutWhatHasNoNumber() throws ProtocolException {
        assertThat(
                        AnnotatedHex.answer(
                                ReportLuns.request(),
                                """
                                00000030          # LUN LIST LENGTH
                                00000000
                                0000000000000000  # LUN 0
                                0002000000000000  # LUN 2
                                4001000000000000  # LUN 1 in the flat form
                                43ff000000000000  # LUN 1023
                                c101000000000000  # well-known: REPORT LUNS
                                0001000200000000  # two levels
                                """))
                .containsExactly(new Lun(0), new Lun(2), new Lun(1), new Lun(1023));
    }

    @Test
    void emptyListIsLegal() throws ProtocolException {
        assertThat(AnnotatedHex.answer(ReportLuns.request(), "0000000000000000")).isEmpty();
    }

    @Test
    void lengthThatIsNotTrueIsTheTargetsFault() {
        refuses("00000010 00000000 0001000000000000");
        refuses("00000004 00000000 00010000");
        refuses("fffffff8 00000000");
        refuses("0000");
    }

    private static void refuses(String dataIn) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(ReportLuns.request(), dataIn));
    }
}
