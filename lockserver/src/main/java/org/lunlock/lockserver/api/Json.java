// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Collection;
import java.util.TreeSet;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.json.JsonMapper;

/** JSON to records and back. What a record does not know is an error. */
public final class Json {
    private static final int DEPTH_MAX = 20;
    private static final JsonMapper STRICT =
            mapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

    /** For answers of a server that may be newer. */
    private static final JsonMapper TOLERANT =
            mapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

    private Json() {}

    private static JsonMapper.Builder mapper() {
        JsonFactory factory =
                JsonFactory.builder()
                        .streamReadConstraints(
                                StreamReadConstraints.builder().maxNestingDepth(DEPTH_MAX).build())
                        .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                        .build();
        return JsonMapper.builder(factory)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .changeDefaultPropertyInclusion(
                        it -> it.withValueInclusion(JsonInclude.Include.NON_NULL));
    }

    public static byte[] bytes(Object record) {
        return STRICT.writeValueAsBytes(record);
    }

    /** The text is no such record; the message says what is wrong, in one line. */
    public static final class NotThatException extends Exception {
        NotThatException(String message) {
            super(message);
        }
    }

    /** Refuses fields that the record does not have, and text behind the document. */
    public static <T> T readStrictly(byte[] json, Class<T> type) throws NotThatException {
        return read(STRICT, json, type);
    }

    public static <T> T read(byte[] json, Class<T> type) throws NotThatException {
        return read(TOLERANT, json, type);
    }

    private static <T> T read(JsonMapper mapper, byte[] json, Class<T> type)
            throws NotThatException {
        try {
            T value = mapper.readValue(json, type);
            if (value == null) {
                throw new NotThatException("null is no document");
            }
            return value;
        } catch (UnrecognizedPropertyException e) {
            throw new NotThatException(
                    "unknown field '%s': there are %s"
                            .formatted(e.getPropertyName(), known(e.getKnownPropertyIds())));
        } catch (DatabindException e) {
            throw new NotThatException("a field has the wrong type or is missing: " + where(e));
        } catch (JacksonException e) {
            throw new NotThatException("not JSON: " + e.getOriginalMessage());
        }
    }

    private static String known(Collection<?> names) {
        TreeSet<String> sorted = new TreeSet<>();
        names.forEach(it -> sorted.add(String.valueOf(it)));
        return String.join(", ", sorted);
    }

    private static String where(DatabindException e) {
        return e.getPath().isEmpty()
                ? "the document"
                : String.valueOf(e.getPath().getLast().getPropertyName());
    }
}
