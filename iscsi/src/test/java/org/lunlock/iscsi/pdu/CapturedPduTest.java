// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.ProtocolException;

/** PDUs that libiscsi 1.19 and tgt 1.0.85 exchanged on a loopback connection. */
class CapturedPduTest {

    @Test
    void loginRequestOfOneStep() throws ProtocolException {
        assertReadsAndWrites(
                """
                43          # I, opcode 03
                87          # T, CSG 1, NSG 3
                00 00       # Version-max, Version-min
                00 0001b8   # TotalAHSLength, DataSegmentLength
                80ad01990000 0000  # ISID, TSIH
                1c21aea5    # InitiatorTaskTag
                0000 0000   # CID
                2a98baa5    # CmdSN
                00000001    # ExpStatSN
                0000000000000000 0000000000000000
                """,
                new LoginRequest(
                        true,
                        false,
                        Stage.LOGIN_OPERATIONAL_NEGOTIATION,
                        Stage.FULL_FEATURE_PHASE,
                        0,
                        0,
                        440,
                        new Isid(0x80ad_0199_0000L),
                        0,
                        0x1c21aea5,
                        0,
                        0x2a98baa5,
                        1));
    }

    @Test
    void loginResponseThatEndsTheLogin() throws ProtocolException {
        assertReadsAndWrites(
                """
                23          # opcode 23
                87          # T, CSG 1, NSG 3
                00 00       # Version-max, Version-active
                00 00012c   # TotalAHSLength, DataSegmentLength
                80ad01990000 0100  # ISID, TSIH
                1c21aea5    # InitiatorTaskTag
                00000000
                00000000    # StatSN
                2a98baa5    # ExpCmdSN
                2a98baa6    # MaxCmdSN
                00 00 0000  # Status-Class, Status-Detail
                0000000000000000
                """,
                new LoginResponse(
                        true,
                        false,
                        Stage.LOGIN_OPERATIONAL_NEGOTIATION,
                        Stage.FULL_FEATURE_PHASE,
                        0,
                        0,
                        300,
                        new Isid(0x80ad_0199_0000L),
                        0x0100,
                        0x1c21aea5,
                        0,
                        0x2a98baa5,
                        0x2a98baa6,
                        0,
                        0));
    }

    @Test
    void scsiCommandWithImmediateData() throws ProtocolException {
        assertReadsAndWrites(
                """
                01          # opcode 01
                a1 0000     # F, W, SIMPLE
                00 000200   # TotalAHSLength, DataSegmentLength
                0001000000000000   # LUN 1
                330bfd5e    # InitiatorTaskTag
                00000200    # Expected Data Transfer Length
                44be3e58    # CmdSN
                00000003    # ExpStatSN
                2a 00 00000000 00 0001 00  # WRITE(10) of one block at 0
                000000000000
                """,
                new ScsiCommand(
                        false,
                        true,
                        false,
                        true,
                        TaskAttribute.SIMPLE,
                        0,
                        512,
                        0x0001_0000_0000_0000L,
                        0x330bfd5e,
                        512,
                        0x44be3e58,
                        3,
                        0x2a00_0000_0000_0000L,
                        0x0100_0000_0000_0000L));
    }

    @Test
    void r2tForPartOfAWrite() throws ProtocolException {
        assertReadsAndWrites(
                """
                31          # opcode 31
                80 0000     # always 1
                00 000000   # TotalAHSLength, DataSegmentLength
                0001000000000000   # LUN 1
                330bfd6e    # InitiatorTaskTag
                a0b92378    # TargetTransferTag
                00000013    # StatSN
                44be3e69    # ExpCmdSN
                44be3ee9    # MaxCmdSN
                00000000    # R2TSN
                00002000    # Buffer Offset
                00000200    # Desired Data Transfer Length
                """,
                new R2t(
                        0x0001_0000_0000_0000L,
                        0x330bfd6e,
                        0xa0b92378,
                        0x13,
                        0x44be3e69,
                        0x44be3ee9,
                        0,
                        8192,
                        512));
    }

    @Test
    void dataOutThatAnswersTheR2t() throws ProtocolException {
        assertReadsAndWrites(
                """
                05          # opcode 05
                80 0000     # F
                00 000200   # TotalAHSLength, DataSegmentLength
                0001000000000000   # LUN 1
                330bfd6e    # InitiatorTaskTag
                a0b92378    # TargetTransferTag
                00000000
                00000014    # ExpStatSN
                00000000
                00000000    # DataSN
                00002000    # Buffer Offset
                00000000
                """,
                new DataOut(
                        true, 512, 0x0001_0000_0000_0000L, 0x330bfd6e, 0xa0b92378, 0x14, 0, 8192));
    }

    @Test
    void dataInWithStatus() throws ProtocolException {
        assertReadsAndWrites(
                """
                25          # opcode 25
                81 00       # F, S
                00          # status GOOD
                00 000040   # TotalAHSLength, DataSegmentLength
                0000000000000000   # LUN
                1c21aea8    # InitiatorTaskTag
                ffffffff    # TargetTransferTag
                00000003    # StatSN
                2a98baa8    # ExpCmdSN
                2a98bb28    # MaxCmdSN
                00000000    # DataSN
                00000000    # Buffer Offset
                00000000    # Residual Count
                """,
                new DataIn(
                        true,
                        false,
                        false,
                        false,
                        true,
                        0,
                        64,
                        0,
                        0x1c21aea8,
                        Bhs.RESERVED_TAG,
                        3,
                        0x2a98baa8,
                        0x2a98bb28,
                        0,
                        0,
                        0));
    }

    @Test
    void scsiResponseWithSense() throws ProtocolException {
        assertReadsAndWrites(
                """
                21          # opcode 21
                80          # always 1
                00 02       # response, status CHECK CONDITION
                00 000014   # TotalAHSLength, DataSegmentLength
                0000000000000000
                1c21aea6    # InitiatorTaskTag
                00000000    # SNACK Tag
                00000001    # StatSN
                2a98baa6    # ExpCmdSN
                2a98bb26    # MaxCmdSN
                00000000    # ExpDataSN
                00000000    # Bidirectional Read Residual Count
                00000000    # Residual Count
                """,
                new ScsiResponse(
                        false,
                        false,
                        false,
                        false,
                        ScsiResponse.COMPLETED,
                        2,
                        20,
                        0x1c21aea6,
                        0,
                        1,
                        0x2a98baa6,
                        0x2a98bb26,
                        0,
                        0,
                        0));
    }

    @Test
    void logoutOfASession() throws ProtocolException {
        assertReadsAndWrites(
                """
                46          # I, opcode 06
                80 0000     # reason 0
                00 000000   # TotalAHSLength, DataSegmentLength
                0000000000000000
                1c21aeaa    # InitiatorTaskTag
                0000 0000   # CID
                2a98baa9    # CmdSN
                00000005    # ExpStatSN
                0000000000000000 0000000000000000
                """,
                new LogoutRequest(
                        true, LogoutRequest.Reason.CLOSE_SESSION, 0x1c21aeaa, 0, 0x2a98baa9, 5));
        assertReadsAndWrites(
                """
                26          # opcode 26
                80 00 00    # always 1, response 0
                00 000000   # TotalAHSLength, DataSegmentLength
                0000000000000000
                1c21aeaa    # InitiatorTaskTag
                00000000
                00000005    # StatSN
                2a98baa9    # ExpCmdSN
                2a98bb29    # MaxCmdSN
                00000000
                0000 0000   # Time2Wait, Time2Retain
                00000000
                """,
                new LogoutResponse(
                        LogoutResponse.Response.CLOSED,
                        0x1c21aeaa,
                        5,
                        0x2a98baa9,
                        0x2a98bb29,
                        0,
                        0));
    }

    private static void assertReadsAndWrites(String annotatedHex, Pdu expected)
            throws ProtocolException {
        byte[] bytes = HexFormat.of().parseHex(annotatedHex.replaceAll("#.*|\\s", ""));
        assertThat(bytes).hasSize(Bhs.LENGTH);
        ByteBuffer bhs = ByteBuffer.wrap(bytes);
        Pdu decoded =
                expected instanceof TargetPdu ? TargetPdu.decode(bhs) : InitiatorPdu.decode(bhs);
        assertThat(decoded).isEqualTo(expected);

        ByteBuffer encoded = ByteBuffer.allocate(Bhs.LENGTH);
        expected.encode(encoded);
        assertThat(encoded.array()).isEqualTo(bytes);
    }
}
