// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ScsiStatus;

class BlockRequestsTest {

    @Test
    void testUnitReady() {
        ScsiRequest<ScsiStatus> request = TestUnitReady.request();
        assertThat(AnnotatedHex.hex(request.cdb())).isEqualTo("000000000000");
        assertThat(request.dataOut().remaining()).isZero();
        assertThat(request.allocationLength()).isZero();
        assertThat(request.repeatable()).isTrue();
    }

    @Test
    void unmapOfOneRange() {
        ScsiRequest<ScsiStatus> request = Unmap.range(0x0102030405060708L, 0x11223344);
        assertThat(AnnotatedHex.hex(request.cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                42    # UNMAP
                                00    # ANCHOR 0
                                00000000 00
                                0018  # PARAMETER LIST LENGTH
                                00
                                """));
        assertThat(AnnotatedHex.hex(request.dataOut()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                0016              # UNMAP DATA LENGTH
                                0010              # BLOCK DESCRIPTOR DATA LENGTH
                                00000000
                                0102030405060708  # LBA
                                11223344          # NUMBER OF LOGICAL BLOCKS
                                00000000
                                """));
    }

    @Test
    void writeSameOfZeroes() {
        ScsiRequest<ScsiStatus> request = WriteSame16.zeroes(0x0102030405060708L, 2, true, 512);
        assertThat(AnnotatedHex.hex(request.cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                93                # WRITE SAME(16)
                                08                # UNMAP
                                0102030405060708  # LBA
                                00000002          # NUMBER OF LOGICAL BLOCKS
                                0000
                                """));
        assertThat(AnnotatedHex.hex(request.dataOut())).isEqualTo("00".repeat(512));
        assertThat(WriteSame16.zeroes(0, 1, false, 512).cdb().get(1)).isZero();
    }

    @Test
    void noBlocksWouldMeanAllOfThem() {
        assertThatIllegalStateException().isThrownBy(() -> WriteSame16.zeroes(0, 0, false, 512));
        assertThatIllegalStateException().isThrownBy(() -> Unmap.range(0, 0));
    }

    @Test
    void nobodyCanChangeARequest() {
        assertThat(TestUnitReady.request().cdb().isReadOnly()).isTrue();
        assertThat(Unmap.range(0, 1).dataOut().isReadOnly()).isTrue();
    }
}
