// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;
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
    void writeSameOfTenBytes() {
        ScsiRequest<ScsiStatus> request = WriteSame10.zeroes(0xfffffffeL, 0xffff, true, 512);
        assertThat(AnnotatedHex.hex(request.cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                41        # WRITE SAME(10)
                                08        # UNMAP
                                fffffffe  # LBA
                                00        # group number
                                ffff      # NUMBER OF LOGICAL BLOCKS
                                00
                                """));
        assertThat(request.dataOut().remaining()).isEqualTo(512);
        assertThatIllegalStateException()
                .isThrownBy(() -> WriteSame10.zeroes(1L << 32, 1, false, 512));
        assertThatIllegalStateException()
                .isThrownBy(() -> WriteSame10.zeroes(0, 0x10000, false, 512));
    }

    @Test
    void unmapOfSeveralRanges() {
        ScsiRequest<ScsiStatus> request =
                Unmap.ranges(List.of(new Unmap.Range(1, 2), new Unmap.Range(4, 0xffffffffL)));
        assertThat(AnnotatedHex.hex(request.cdb())).isEqualTo("42000000000000002800");
        assertThat(AnnotatedHex.hex(request.dataOut()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                0026              # UNMAP DATA LENGTH
                                0020              # BLOCK DESCRIPTOR DATA LENGTH
                                00000000
                                0000000000000001 00000002 00000000
                                0000000000000004 ffffffff 00000000
                                """));
        assertThatIllegalStateException().isThrownBy(() -> Unmap.ranges(List.of()));
        assertThatIllegalStateException().isThrownBy(() -> new Unmap.Range(0, 1L << 32));
    }

    @Test
    void compareAndWrite() {
        ByteBuffer expected = ByteBuffer.wrap(new byte[] {9, 1, 2, 3, 4, 9}, 1, 4);
        ByteBuffer written = ByteBuffer.wrap(new byte[] {5, 6, 7, 8});
        ScsiRequest<ScsiStatus> request =
                CompareAndWrite.request(0x0102030405060708L, 2, expected, written);
        assertThat(AnnotatedHex.hex(request.cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                89                # COMPARE AND WRITE
                                00
                                0102030405060708  # LBA
                                000000
                                02                # NUMBER OF LOGICAL BLOCKS
                                0000
                                """));
        assertThat(AnnotatedHex.hex(request.dataOut())).isEqualTo("0102030405060708");
        assertThat(request.repeatable()).isFalse();
        assertThat(expected.remaining()).isEqualTo(4);
    }

    @Test
    void compareAndWriteHasWholeBlocksAndAsManyOfBothKinds() {
        ByteBuffer two = ByteBuffer.allocate(2);
        ByteBuffer many = ByteBuffer.allocate(256 * 2);
        assertThatIllegalStateException().isThrownBy(() -> CompareAndWrite.request(0, 4, two, two));
        assertThatIllegalStateException()
                .isThrownBy(() -> CompareAndWrite.request(0, 2, two, ByteBuffer.allocate(4)));
        assertThatIllegalStateException()
                .isThrownBy(() -> CompareAndWrite.request(0, 2, many, many));
    }

    @Test
    void readOfBlocks() throws ProtocolException {
        ScsiRequest<ByteBuffer> request = Read.blocks(2, 3, 2);
        assertThat(AnnotatedHex.hex(request.cdb())).isEqualTo("28000000000200000300000000000000");
        assertThat(request.name()).isEqualTo("READ(10)");
        assertThat(request.allocationLength()).isEqualTo(6);
        assertThat(AnnotatedHex.answer(request, "010203040506"))
                .isEqualTo(AnnotatedHex.bytes("010203040506"));
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> AnnotatedHex.answer(request, "0102030405"));
        assertThatIllegalStateException().isThrownBy(() -> Read.blocks(0, 0, 512));
        assertThatIllegalStateException().isThrownBy(() -> Read.blocks(0, 1 << 16, 512));
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
