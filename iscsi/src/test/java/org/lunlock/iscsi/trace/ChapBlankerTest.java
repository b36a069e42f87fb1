// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.trace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Property;

class ChapBlankerTest {
    private static final int LOGIN_REQUEST = 0x43; // immediate
    private static final int LOGIN_RESPONSE = 0x23;
    private static final int CONTINUE = 0x40;

    @Test
    void valuesOfChapAreOverwrittenAndNothingElse() {
        byte[] login =
                pdu(
                        LOGIN_REQUEST,
                        0,
                        "CHAP_A=5,7\0CHAP_N=eva\0CHAP_R=0x0123\0CHAP_I=42\0CHAP_C=0b77==\0X=1\0");
        assertThat(text(blanked(login, login.length)))
                .isEqualTo(
                        "CHAP_A=5,7\0CHAP_N=eva\0CHAP_R=******\0CHAP_I=**\0CHAP_C=******\0X=1\0");
    }

    @Test
    void headersAndPaddingStay() {
        byte[] login = pdu(LOGIN_RESPONSE, 0, "CHAP_R=1");
        byte[] blanked = blanked(login, login.length);
        assertThat(Arrays.copyOf(blanked, 48)).isEqualTo(Arrays.copyOf(login, 48));
        assertThat(text(blanked)).isEqualTo("CHAP_R=*");
    }

    @Test
    void namesThatOnlyBeginAlikeAreKept() {
        byte[] login = pdu(LOGIN_REQUEST, 0, "CHAP_RR=1\0XCHAP_R=2\0");
        assertThat(text(blanked(login, 7))).isEqualTo("CHAP_RR=1\0XCHAP_R=2\0");
    }

    @Test
    void aValueThatGoesOnInTheNextPduIsOverwrittenThereToo() {
        byte[] first = pdu(LOGIN_REQUEST, CONTINUE, "CHAP_N=eva\0CHAP_C=0x12");
        byte[] second = pdu(LOGIN_REQUEST, CONTINUE, "34\0CHA");
        byte[] third = pdu(LOGIN_REQUEST, 0, "P_R=0x56\0");
        byte[] blanked = blanked(concatenated(first, second, third), 5);
        assertThat(new String(blanked, ISO_8859_1))
                .contains("CHAP_N=eva\0CHAP_C=****")
                .contains("**\0CHA")
                .contains("P_R=****\0")
                .doesNotContain("34");
    }

    @Test
    void afterTheLoginNothingIsTouched() {
        byte[] login = pdu(LOGIN_RESPONSE, 0, "CHAP_R=1\0");
        byte[] data = pdu(0x25, 0, "CHAP_R=1\0");
        byte[] again = pdu(LOGIN_RESPONSE, 0, "CHAP_R=1\0");
        byte[] all = concatenated(login, data, again);
        byte[] blanked = blanked(all, 11);
        assertThat(Arrays.copyOfRange(blanked, login.length, all.length))
                .isEqualTo(Arrays.copyOfRange(all, login.length, all.length));
    }

    @Test
    void howTheStreamIsCutDoesNotMatter() {
        Property.holds(
                1_000,
                random -> {
                    ByteArrayOutputStream stream = new ByteArrayOutputStream();
                    for (int i = random.nextInt(4); i >= 0; i--) {
                        stream.writeBytes(
                                pdu(
                                        random.nextInt(8) == 0 ? 0x20 : LOGIN_RESPONSE,
                                        random.nextBoolean() ? CONTINUE : 0,
                                        randomText(random)));
                    }
                    byte[] whole = stream.toByteArray();
                    assertThat(blanked(whole, random.nextInt(1, 70)))
                            .isEqualTo(blanked(whole, whole.length));
                });
    }

    private static String randomText(RandomGenerator random) {
        String all = "CHAP_N=eva\0CHAP_R=0x0123456789\0CHAP_C=0b77\0";
        return all.substring(random.nextInt(12), random.nextInt(12, all.length()));
    }

    private static byte[] blanked(byte[] stream, int chunkBytes) {
        ChapBlanker blanker = new ChapBlanker();
        ByteArrayOutputStream blanked = new ByteArrayOutputStream();
        for (int at = 0; at < stream.length; at += chunkBytes) {
            byte[] chunk = Arrays.copyOfRange(stream, at, Math.min(stream.length, at + chunkBytes));
            blanker.blank(chunk);
            blanked.writeBytes(chunk);
        }
        return blanked.toByteArray();
    }

    private static String text(byte[] pdu) {
        int length = ByteBuffer.wrap(pdu).getInt(4) & 0xffffff;
        return new String(pdu, 48, length, ISO_8859_1);
    }

    private static byte[] pdu(int opcode, int flags, String text) {
        int padded = text.length() + 3 & ~3;
        return ByteBuffer.allocate(48 + padded)
                .put((byte) opcode)
                .put((byte) flags)
                .putInt(4, text.length())
                .put(48, text.getBytes(ISO_8859_1))
                .array();
    }

    private static byte[] concatenated(byte[]... parts) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return all.toByteArray();
    }
}
