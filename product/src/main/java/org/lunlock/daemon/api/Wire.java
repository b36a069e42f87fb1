// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The form of a line: one JSON document in UTF-8 that ends with a line feed. */
public final class Wire {
    /** Grows with every change that an older side would misunderstand. */
    public static final int API = 1;

    /** Bytes of a line to the daemon; the longest holds a shortened command. */
    public static final int CALL_BYTES_MAX = 64 * 1024;

    /** Bytes of a line from the daemon; the longest is the status of all volumes. */
    public static final int REPLY_BYTES_MAX = 16 * 1024 * 1024;

    private static final JsonMapper MAPPER =
            JsonMapper.builder()
                    .changeDefaultPropertyInclusion(
                            it -> it.withValueInclusion(JsonInclude.Include.NON_NULL))
                    .build();

    private Wire() {}

    /** A line is not of this API. The message says how, without what the line held. */
    public static final class MalformedException extends Exception {
        MalformedException(String message) {
            super(message);
        }
    }

    /** The other side speaks another version. */
    public static final class VersionException extends Exception {
        private final int api;

        VersionException(int api) {
            super("the other side speaks version " + api + " of the API, this one " + API);
            this.api = api;
        }

        /** What the other side speaks. */
        public int api() {
            return api;
        }
    }

    /** A line, with its line feed. */
    public static byte[] line(Document document) {
        return (json(document) + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** The document as a person or a program reads it with {@code --json}; no line feed in it. */
    public static String json(Document document) {
        return MAPPER.writeValueAsString(document);
    }

    /** The same for what is no line between the two: settings. */
    public static String json(Map<String, ?> settings) {
        return MAPPER.writeValueAsString(settings);
    }

    /** Reads the first line of a connection; its version is looked at before anything else. */
    public static Call call(byte[] line) throws MalformedException, VersionException {
        try {
            JsonNode tree = MAPPER.readTree(line);
            JsonNode api = tree.path("api");
            if (!api.isInt()) {
                throw new MalformedException("the line is not a call to lunlock's daemon");
            }
            if (api.intValue() != API) {
                throw new VersionException(api.intValue());
            }
            return MAPPER.treeToValue(tree, Call.class);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    public static Note note(byte[] line) throws MalformedException {
        return read(line, Note.class);
    }

    public static Reply reply(byte[] line) throws MalformedException {
        return read(line, Reply.class);
    }

    private static <T> T read(byte[] line, Class<T> type) throws MalformedException {
        try {
            return MAPPER.readValue(line, type);
        } catch (JacksonException e) {
            throw malformed(e);
        }
    }

    /** Jackson's own message quotes the line, and the line can hold a secret. */
    private static MalformedException malformed(JacksonException e) {
        return new MalformedException(
                "the line is not of this API: " + e.getClass().getSimpleName());
    }
}
