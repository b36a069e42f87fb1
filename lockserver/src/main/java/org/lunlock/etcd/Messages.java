// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * The messages of etcd's API as its gateway writes them: snake_case, bytes in base64, numbers as
 * strings, and nothing for what is zero.
 */
final class Messages {
    private static final JsonMapper MAPPER =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                    .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .changeDefaultPropertyInclusion(
                            it -> it.withValueInclusion(JsonInclude.Include.NON_NULL))
                    .build();

    private Messages() {}

    static byte[] bytes(Object message) {
        return MAPPER.writeValueAsBytes(message);
    }

    /** Throws {@link tools.jackson.core.JacksonException}, unchecked. */
    static <T> T read(byte[] json, Class<T> type) {
        return MAPPER.readValue(json, type);
    }

    record Header(long revision) {}

    record Problem(@Nullable String message, int code) {
        static final int DEADLINE_EXCEEDED = 4;
        static final int NOT_FOUND = 5;
        static final int UNKNOWN = 2;
        static final int UNAVAILABLE = 14;
        static final int UNAUTHENTICATED = 16;
    }

    record AuthenticateRequest(String name, String password) {}

    record AuthenticateResponse(@Nullable String token) {}

    // ---------------------------------------------------------------------------------- keys

    record RangeRequest(
            byte[] key,
            byte @Nullable [] rangeEnd,
            long limit,
            @Nullable String sortOrder,
            boolean keysOnly,
            boolean countOnly) {}

    record PutRequest(byte[] key, byte[] value, long lease) {}

    record DeleteRangeRequest(byte[] key, byte @Nullable [] rangeEnd) {}

    record KeyValue(
            byte[] key,
            long createRevision,
            long modRevision,
            byte @Nullable [] value,
            long lease) {}

    record RangeResponse(Header header, @Nullable List<KeyValue> kvs, long count) {}

    // ---------------------------------------------------------------------------------- txn

    record Compare(
            String target, byte[] key, @Nullable Long createRevision, @Nullable Long modRevision) {}

    record RequestOp(
            @Nullable RangeRequest requestRange,
            @Nullable PutRequest requestPut,
            @Nullable DeleteRangeRequest requestDeleteRange) {}

    record TxnRequest(List<Compare> compare, List<RequestOp> success, List<RequestOp> failure) {}

    record ResponseOp(@Nullable RangeResponse responseRange) {}

    record TxnResponse(Header header, boolean succeeded, @Nullable List<ResponseOp> responses) {}

    // ---------------------------------------------------------------------------------- lease

    record LeaseGrantRequest(@JsonProperty("TTL") long ttl) {}

    record LeaseGrantResponse(@JsonProperty("ID") long id) {}

    record LeaseKeepAliveRequest(@JsonProperty("ID") long id) {}

    /** Without a TTL when there is no such lease. */
    record LeaseKeepAliveResponse(@JsonProperty("TTL") long ttl) {}

    // ---------------------------------------------------------------------------------- watch

    record WatchCreateRequest(byte[] key, byte[] rangeEnd, long startRevision) {}

    record WatchRequest(WatchCreateRequest createRequest) {}

    record Event(@Nullable String type, KeyValue kv) {}

    record WatchResponse(
            @Nullable Header header,
            boolean canceled,
            long compactRevision,
            @Nullable List<Event> events) {}

    record StreamedWatch(@Nullable WatchResponse result, @Nullable Problem error) {}

    record StreamedKeepAlive(@Nullable LeaseKeepAliveResponse result, @Nullable Problem error) {}
}
