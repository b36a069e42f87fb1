// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.testkit.Property;

class PduPropertyTest {

    /**
     * The bits of each PDU that mean something, as the figures of RFC 7143 §11 (iSCSI PDU Formats)
     * draw them: six words of eight bytes. All others are reserved.
     */
    private static String meaningfulBits(Opcode opcode) {
        return switch (opcode) {
            case NOP_OUT ->
                    "7f80000000ffffff ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff 0000000000000000 0000000000000000";
            case SCSI_COMMAND ->
                    "7fe70000ffffffff ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff ffffffffffffffff ffffffffffffffff";
            case TASK_MANAGEMENT_REQUEST ->
                    "7fff000000000000 ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff ffffffffffffffff 0000000000000000";
            case LOGIN_REQUEST ->
                    "7fcfffff00ffffff ffffffffffffffff ffffffffffff0000"
                            + "ffffffffffffffff 0000000000000000 0000000000000000";
            case TEXT_REQUEST ->
                    "7fc0000000ffffff ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff 0000000000000000 0000000000000000";
            case DATA_OUT ->
                    "3f80000000ffffff ffffffffffffffff ffffffffffffffff"
                            + "00000000ffffffff 00000000ffffffff ffffffff00000000";
            case LOGOUT_REQUEST ->
                    "7fff000000000000 0000000000000000 ffffffffffff0000"
                            + "ffffffffffffffff 0000000000000000 0000000000000000";
            case SNACK_REQUEST ->
                    "3f8f000000000000 ffffffffffffffff ffffffffffffffff"
                            + "00000000ffffffff 0000000000000000 ffffffffffffffff";
            case NOP_IN ->
                    "3f80000000ffffff ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff ffffffff00000000 0000000000000000";
            case SCSI_RESPONSE ->
                    "3f9effff00ffffff 0000000000000000 ffffffffffffffff"
                            + "ffffffffffffffff ffffffffffffffff ffffffffffffffff";
            case TASK_MANAGEMENT_RESPONSE ->
                    "3f80ff0000000000 0000000000000000 ffffffff00000000"
                            + "ffffffffffffffff ffffffff00000000 0000000000000000";
            case LOGIN_RESPONSE ->
                    "3fcfffff00ffffff ffffffffffffffff ffffffff00000000"
                            + "ffffffffffffffff ffffffffffff0000 0000000000000000";
            case TEXT_RESPONSE ->
                    "3fc0000000ffffff ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff ffffffff00000000 0000000000000000";
            case DATA_IN ->
                    "3fc700ff00ffffff ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff ffffffffffffffff ffffffffffffffff";
            case LOGOUT_RESPONSE ->
                    "3f80ff0000000000 0000000000000000 ffffffff00000000"
                            + "ffffffffffffffff ffffffff00000000 ffffffff00000000";
            case R2T ->
                    "3f80000000000000 ffffffffffffffff ffffffffffffffff"
                            + "ffffffffffffffff ffffffffffffffff ffffffffffffffff";
            case ASYNC_MESSAGE ->
                    "3f80000000ffffff ffffffffffffffff 0000000000000000"
                            + "ffffffffffffffff ffffffffffffffff ffffffff00000000";
            case REJECT ->
                    "3f80ff0000ffffff 0000000000000000 0000000000000000"
                            + "ffffffffffffffff ffffffffffffffff 0000000000000000";
        };
    }

    @ParameterizedTest
    @EnumSource
    void decodingAndEncodingClearsReservedBitsAndNothingElse(Opcode opcode) {
        byte[] mask = HexFormat.of().parseHex(meaningfulBits(opcode).replace(" ", ""));
        Property.holds(
                500,
                random -> {
                    byte[] bytes = validBytes(opcode, random);
                    byte[] encoded = encode(decode(bytes));
                    byte[] expected = bytes.clone();
                    for (int i = 0; i < Bhs.LENGTH; i++) {
                        expected[i] &= mask[i];
                    }
                    clearWhatOtherFieldsMakeMeaningless(opcode, expected);
                    assertThat(hex(encoded)).isEqualTo(hex(expected));
                });
    }

    @ParameterizedTest
    @EnumSource
    void decodingWhatWasEncodedGivesTheSameRecord(Opcode opcode) {
        Property.holds(
                500,
                random -> {
                    Pdu pdu = decode(validBytes(opcode, random));
                    assertThat(decode(encode(pdu))).isEqualTo(pdu);
                    assertThat(pdu.opcode()).isEqualTo(opcode);
                });
    }

    @Test
    void any48BytesDecodeOrThrowProtocolException() {
        Property.holds(
                50_000,
                random -> {
                    ByteBuffer bhs = ByteBuffer.wrap(randomBytes(random));
                    decodeOrRefuse(() -> TargetPdu.decode(bhs));
                    decodeOrRefuse(() -> InitiatorPdu.decode(bhs));
                    decodeOrRefuse(() -> TargetPdu.takesStatSn(bhs));
                });
    }

    @Test
    void neitherDecodingNorEncodingMovesTheBuffer() {
        Property.holds(
                1_000,
                random -> {
                    Opcode[] all = Opcode.values();
                    byte[] bytes = validBytes(all[random.nextInt(all.length)], random);
                    ByteBuffer bhs = ByteBuffer.allocate(64).put(0, bytes).position(11);
                    Pdu pdu = isTargets(bytes) ? TargetPdu.decode(bhs) : InitiatorPdu.decode(bhs);
                    pdu.encode(bhs);
                    assertThat(bhs.position()).isEqualTo(11);
                    assertThat(bhs.limit()).isEqualTo(64);
                });
    }

    @ParameterizedTest
    @EnumSource
    void neitherSideMaySendWhatTheOtherSends(Opcode opcode) {
        Property.holds(
                10,
                random -> {
                    byte[] bytes = validBytes(opcode, random);
                    assertThatExceptionOfType(ProtocolException.class)
                            .isThrownBy(() -> {
                                ByteBuffer bhs = ByteBuffer.wrap(bytes);
                                if (isTargets(bytes)) {
                                    InitiatorPdu.decode(bhs);
                                } else {
                                    TargetPdu.decode(bhs);
                                }
                            })
                            .withMessageContaining(opcode.toString());
                });
    }

    private interface Decoder {
        Object decode() throws ProtocolException;
    }

    private static void decodeOrRefuse(Decoder decoder) {
        try {
            decoder.decode();
        } catch (ProtocolException refused) {
            assertThat(refused.getMessage()).isNotEmpty();
        }
    }

    /** Random in every bit that is free, reserved ones too. */
    private static byte[] validBytes(Opcode opcode, RandomGenerator random) {
        byte[] bytes = randomBytes(random);
        bytes[0] = (byte) (bytes[0] & 0xc0 | opcode.code());
        switch (opcode) {
            case SCSI_COMMAND -> bytes[1] = (byte) (bytes[1] & 0xf8 | random.nextInt(5));
            case TASK_MANAGEMENT_REQUEST -> bytes[1] = (byte) (0x80 | random.nextInt(1, 13));
            case LOGIN_REQUEST -> {
                bytes[0] |= 0x40;
                bytes[1] = loginFlags(random);
            }
            case LOGIN_RESPONSE -> {
                bytes[1] = loginFlags(random);
                bytes[36] = (byte) (random.nextBoolean() ? 0 : random.nextInt(1, 256));
            }
            case TEXT_REQUEST, TEXT_RESPONSE -> bytes[1] &= (byte) ~(1 << random.nextInt(6, 8));
            case LOGOUT_REQUEST -> bytes[1] = (byte) (0x80 | random.nextInt(3));
            case LOGOUT_RESPONSE -> {
                bytes[1] |= (byte) 0x80;
                bytes[2] = (byte) random.nextInt(4);
            }
            case SNACK_REQUEST -> bytes[1] = (byte) (bytes[1] & 0x70 | 0x80 | random.nextInt(4));
            case TASK_MANAGEMENT_RESPONSE -> {
                bytes[1] |= (byte) 0x80;
                bytes[2] = (byte) (random.nextBoolean() ? 255 : random.nextInt(8));
            }
            case SCSI_RESPONSE -> {
                bytes[1] |= (byte) 0x80;
                bytes[1] &= (byte) ~(0x08 << random.nextInt(2));
                bytes[1] &= (byte) ~(0x02 << random.nextInt(2));
            }
            case DATA_IN -> {
                bytes[1] |= (byte) (bytes[1] << 7);
                bytes[1] &= (byte) ~(0x02 << random.nextInt(2));
            }
            case NOP_OUT, NOP_IN, R2T, ASYNC_MESSAGE, REJECT -> bytes[1] |= (byte) 0x80;
            case DATA_OUT -> {}
        }
        return bytes;
    }

    private static byte loginFlags(RandomGenerator random) {
        int[] stages = {0, 1, 3};
        int flags = stages[random.nextInt(3)] << 2 | stages[random.nextInt(3)];
        int transitOrContinue = random.nextInt(3) << 6;
        return (byte) (flags | transitOrContinue | random.nextInt(4) << 4);
    }

    private static void clearWhatOtherFieldsMakeMeaningless(Opcode opcode, byte[] bytes) {
        boolean refused = opcode == Opcode.LOGIN_RESPONSE && bytes[36] != 0;
        boolean login = opcode == Opcode.LOGIN_REQUEST || opcode == Opcode.LOGIN_RESPONSE;
        boolean transit = (bytes[1] & 0x80) != 0;
        if (refused) {
            bytes[1] = 0;
        } else if (login && !transit) {
            bytes[1] &= (byte) 0xfc;
        }
        if (opcode == Opcode.ASYNC_MESSAGE || opcode == Opcode.REJECT) {
            Arrays.fill(bytes, 16, 20, (byte) 0xff);
        }
    }

    private static byte[] randomBytes(RandomGenerator random) {
        byte[] bytes = new byte[Bhs.LENGTH];
        random.nextBytes(bytes);
        return bytes;
    }

    private static boolean isTargets(byte[] bytes) {
        return (bytes[0] & 0x20) != 0;
    }

    private static Pdu decode(byte[] bytes) throws ProtocolException {
        ByteBuffer bhs = ByteBuffer.wrap(bytes);
        return isTargets(bytes) ? TargetPdu.decode(bhs) : InitiatorPdu.decode(bhs);
    }

    /** Encodes over a buffer full of ones, so that a byte left out shows. */
    private static byte[] encode(Pdu pdu) {
        byte[] bytes = new byte[Bhs.LENGTH];
        Arrays.fill(bytes, (byte) 0xff);
        pdu.encode(ByteBuffer.wrap(bytes));
        return bytes;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }
}
