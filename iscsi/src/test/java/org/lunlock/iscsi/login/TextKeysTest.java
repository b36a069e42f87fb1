// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.testkit.Property;

class TextKeysTest {

    @Test
    void everyPairEndsWithAZeroByte() {
        ByteBuffer text = TextKeys.format(List.of(new TextKey("A", "1"), new TextKey("B", "")));
        assertThat(text).isEqualTo(bytes("A=1\0B=\0"));
    }

    @Test
    void valuesMayHoldEqualsSigns() throws ProtocolException {
        assertThat(TextKeys.parse(bytes("CHAP_C=0bYQ==\0")))
                .containsExactly(new TextKey("CHAP_C", "0bYQ=="));
    }

    @Test
    void severalZeroBytesAreOneDelimiter() throws ProtocolException {
        assertThat(TextKeys.parse(bytes("\0A=1\0\0\0B=2\0\0")))
                .containsExactly(new TextKey("A", "1"), new TextKey("B", "2"));
    }

    @Test
    void readsFromPositionToLimit() throws ProtocolException {
        ByteBuffer text = bytes("xxA=1\0yy").position(2).limit(6);
        assertThat(TextKeys.parse(text)).containsExactly(new TextKey("A", "1"));
        assertThat(text.position()).isEqualTo(2);
        assertThat(text.limit()).isEqualTo(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"A", "A=1", "A=1\0B", "=1\0", "A\0", "A B=1\0", "\nA=1\0"})
    void garbageIsRefused(String text) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> TextKeys.parse(bytes(text)));
    }

    @Test
    void bytesThatAreNotUtf8AreRefused() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(
                        () -> TextKeys.parse(ByteBuffer.wrap(new byte[] {'A', '=', -1, -2, 0})));
    }

    @Test
    void longTextIsRefused() {
        String text = "A=" + "1".repeat(TextKeys.LENGTH_MAX) + "\0";
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> TextKeys.parse(bytes(text)));
    }

    @Test
    void aZeroByteInsideOurValueIsOurBug() {
        assertThatIllegalStateException()
                .isThrownBy(() -> TextKeys.format(List.of(new TextKey("A", "1\0B=2"))));
    }

    @Test
    void whatIsFormattedIsParsedAgain() {
        Property.holds(
                1_000,
                random -> {
                    List<TextKey> keys = new ArrayList<>();
                    for (int i = random.nextInt(20); i > 0; i--) {
                        String name = "K" + random.nextInt(1000);
                        String value =
                                random.ints(random.nextInt(40), 1, 0xd800)
                                        .collect(
                                                StringBuilder::new,
                                                StringBuilder::appendCodePoint,
                                                StringBuilder::append)
                                        .toString();
                        keys.add(new TextKey(name, value));
                    }
                    assertThat(TextKeys.parse(TextKeys.format(keys))).isEqualTo(keys);
                });
    }

    @Test
    void anyBytesParseOrThrowProtocolException() {
        Property.holds(
                20_000,
                random -> {
                    byte[] text = new byte[random.nextInt(40)];
                    for (int i = 0; i < text.length; i++) {
                        text[i] = (byte) "A=,0\0\u00c3".charAt(random.nextInt(6));
                    }
                    try {
                        TextKeys.parse(ByteBuffer.wrap(text));
                        SendTargets.parse(ByteBuffer.wrap(text));
                    } catch (ProtocolException refused) {
                        assertThat(refused.getMessage()).isNotEmpty();
                    }
                });
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
