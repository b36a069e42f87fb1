// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ProtocolException;

/**
 * Reads and writes the data segment of login and text PDUs: {@code key=value} pairs in UTF-8, a
 * zero byte after each. RFC 7143 §6.1 (Text Format).
 */
public final class TextKeys {
    /** Bytes; an answer to SendTargets lists some thousands of targets in it. */
    public static final int LENGTH_MAX = 1024 * 1024;

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9.+@_#-]{1,63}");

    private static final Pattern UNPRINTABLE = Pattern.compile("[^ -~]");
    private static final int SHOWN_MAX = 250;

    private TextKeys() {}

    /**
     * Reads the pairs from the buffer's position to its limit, which stay where they are. A key may
     * stand there more than once.
     *
     * @throws ProtocolException when it is longer than {@link #LENGTH_MAX} or no such text
     */
    public static List<TextKey> parse(ByteBuffer text) throws ProtocolException {
        if (text.remaining() > LENGTH_MAX) {
            throw new ProtocolException("a text of more than " + LENGTH_MAX + " bytes");
        }
        List<TextKey> keys = new ArrayList<>();
        int start = text.position();
        for (int at = start; at < text.limit(); at++) {
            if (text.get(at) == 0) {
                // Several zero bytes in a row are one delimiter.
                if (at > start) {
                    keys.add(pair(text.slice(start, at - start)));
                }
                start = at + 1;
            }
        }
        if (start < text.limit()) {
            throw new ProtocolException("a text whose last key has no end");
        }
        return keys;
    }

    private static TextKey pair(ByteBuffer bytes) throws ProtocolException {
        String pair;
        try {
            pair = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException("a text that is not UTF-8", e);
        }
        int equals = pair.indexOf('=');
        if (equals < 0 || !NAME.matcher(pair.substring(0, equals)).matches()) {
            throw new ProtocolException("a text with something that is no key=value");
        }
        return new TextKey(pair.substring(0, equals), pair.substring(equals + 1));
    }

    /** The bytes of these pairs in this order, as a new buffer. */
    public static ByteBuffer format(List<TextKey> keys) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (TextKey key : keys) {
            Check.that(NAME.matcher(key.name()).matches(), "a key is sent with its name");
            Check.that(key.value().indexOf(0) < 0, "the value of a key has no zero byte");
            text.writeBytes((key.name() + "=" + key.value()).getBytes(StandardCharsets.UTF_8));
            text.write(0);
        }
        return ByteBuffer.wrap(text.toByteArray());
    }

    /** What a target sent, fit for a message: one line, not long, nothing a terminal obeys. */
    static String printable(String text) {
        String cut = text.length() <= SHOWN_MAX ? text : text.substring(0, SHOWN_MAX) + "...";
        return UNPRINTABLE.matcher(cut).replaceAll("?");
    }
}
