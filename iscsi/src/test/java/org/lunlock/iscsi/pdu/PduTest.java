// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.ProtocolException;

class PduTest {
    private final ByteBuffer bhs = ByteBuffer.allocate(Bhs.LENGTH);

    @Test
    void aSegmentIsPaddedToFourBytes() {
        assertThat(Bhs.paddedLength(0)).isZero();
        assertThat(Bhs.paddedLength(1)).isEqualTo(4);
        assertThat(Bhs.paddedLength(4)).isEqualTo(4);
        assertThat(Bhs.paddedLength(Bhs.DATA_SEGMENT_LENGTH_MAX)).isEqualTo(1 << 24);
    }

    @Test
    void lengthsAreReadFromTheirOwnBytes() {
        bhs.putInt(4, 0x02ffffff);
        assertThat(Bhs.totalAhsLength(bhs)).isEqualTo(8);
        assertThat(Bhs.dataSegmentLength(bhs)).isEqualTo(Bhs.DATA_SEGMENT_LENGTH_MAX);
    }

    @Test
    void offsetsAbove2GibAreNotNegative() {
        bhs.putInt(40, 0xffffffff);
        assertThat(DataIn.bufferOffset(bhs)).isEqualTo(0xffff_ffffL);
    }

    @Test
    void undefinedOpcodeIsRefused() {
        bhs.put(0, (byte) 0x2f);
        assertRefused("opcode 0x2f");
    }

    @Test
    void statusBeforeTheLastDataInIsRefused() {
        bhs.put(0, (byte) 0x25).put(1, (byte) 0x01);
        assertRefused("not final");
    }

    @Test
    void residualThatIsOverAndUnderIsRefused() {
        bhs.put(0, (byte) 0x21).put(1, (byte) 0x86);
        assertRefused("overflow and underflow");
        bhs.put(1, (byte) 0x98);
        assertRefused("overflow and underflow");
        bhs.put(0, (byte) 0x25).put(1, (byte) 0x86);
        assertRefused("overflow and underflow");
    }

    @Test
    void r2tMustNameABurst() {
        R2t r2t = new R2t(0, 1, 2, 3, 4, 5, 6, 7, 8);
        r2t.encode(bhs);
        bhs.putInt(20, Bhs.RESERVED_TAG);
        assertRefused("reserved target transfer tag");
        r2t.encode(bhs);
        bhs.putInt(44, 0);
        assertRefused("no data");
    }

    @Test
    void aBitThatIsAlwaysOneIsChecked() {
        int[] opcodes = {0x20, 0x21, 0x22, 0x26, 0x31, 0x32, 0x3f};
        for (int opcode : opcodes) {
            bhs.put(0, (byte) opcode);
            assertRefused("bit 7");
        }
    }

    @Test
    void textThatBothEndsAndGoesOnIsRefused() {
        bhs.put(1, (byte) 0xc0);
        bhs.put(0, (byte) 0x23);
        assertRefused("T and its C bit");
        bhs.put(0, (byte) 0x24);
        assertRefused("F and its C bit");
    }

    @Test
    void flagsOfARefusedLoginAreNotRead() throws ProtocolException {
        bhs.put(0, (byte) 0x23).put(1, (byte) 0xff).put(36, (byte) 2).put(37, (byte) 1);
        LoginResponse refused = LoginResponse.decode(bhs);
        assertThat(refused.transit()).isFalse();
        assertThat(refused.statusClass()).isEqualTo(2);
        assertThat(refused.statusDetail()).isEqualTo(1);
    }

    @Test
    void onlySomePdusTakeAStatSn() throws ProtocolException {
        bhs.put(0, (byte) 0x31);
        assertThat(TargetPdu.takesStatSn(bhs)).isFalse();
        bhs.put(0, (byte) 0x25).put(1, (byte) 0x80);
        assertThat(TargetPdu.takesStatSn(bhs)).isFalse();
        bhs.put(1, (byte) 0x81);
        assertThat(TargetPdu.takesStatSn(bhs)).isTrue();
        bhs.put(0, (byte) 0x20).putInt(16, Bhs.RESERVED_TAG);
        assertThat(TargetPdu.takesStatSn(bhs)).isFalse();
        bhs.putInt(16, 5);
        assertThat(TargetPdu.takesStatSn(bhs)).isTrue();
        bhs.put(0, (byte) 0x21);
        assertThat(TargetPdu.takesStatSn(bhs)).isTrue();
    }

    @Test
    void shortCdbIsFilledWithZeros() {
        ByteBuffer cdb = ByteBuffer.wrap(new byte[] {99, 1, 2, 3, 4, 5, 6, 99}, 1, 6);
        assertThat(ScsiCommand.cdbHigh(cdb)).isEqualTo(0x0102_0304_0506_0000L);
        assertThat(ScsiCommand.cdbLow(cdb)).isZero();
        assertThat(cdb.position()).isEqualTo(1);
    }

    @Test
    void cdbOf16BytesFillsBothHalves() {
        ByteBuffer cdb = ByteBuffer.allocate(16).putLong(0, -2).putLong(8, -3);
        assertThat(ScsiCommand.cdbHigh(cdb)).isEqualTo(-2);
        assertThat(ScsiCommand.cdbLow(cdb)).isEqualTo(-3);
    }

    @Test
    void valueThatDoesNotFitItsFieldIsOurBug() {
        assertThatIllegalStateException()
                .isThrownBy(() -> new DataOut(true, 1 << 24, 0, 1, 2, 3, 4, 0).encode(bhs));
        assertThatIllegalStateException()
                .isThrownBy(() -> new DataOut(true, 0, 0, 1, 2, 3, 4, 1L << 32).encode(bhs));
        assertThatIllegalStateException()
                .isThrownBy(() ->
                        new LogoutRequest(
                                        true, LogoutRequest.Reason.CLOSE_SESSION, 1, 1 << 16, 2, 3)
                                .encode(bhs));
        assertThatIllegalStateException().isThrownBy(() -> transitAndContinue().encode(bhs));
    }

    @Test
    void eventsThatAreNotAssignedAreOther() {
        assertThat(new AsyncMessage(0, 0, 1, 2, 3, 4, 0, 0, 0, 0).event())
                .isEqualTo(AsyncMessage.Event.NEGOTIATION_REQUESTED);
        assertThat(new AsyncMessage(0, 0, 1, 2, 3, 6, 0, 0, 0, 0).event())
                .isEqualTo(AsyncMessage.Event.OTHER);
    }

    private static LoginRequest transitAndContinue() {
        Stage stage = Stage.SECURITY_NEGOTIATION;
        return new LoginRequest(true, true, stage, stage, 0, 0, 0, new Isid(1), 0, 1, 0, 1, 1);
    }

    private void assertRefused(String why) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> TargetPdu.decode(bhs))
                .withMessageContaining(why);
    }
}
