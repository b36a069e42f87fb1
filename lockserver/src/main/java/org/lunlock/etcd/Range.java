// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import java.nio.charset.StandardCharsets;
import org.lunlock.etcd.Messages.RangeRequest;

/**
 * Which keys: all from one, up to but without another.
 *
 * @param limit 0 for all
 */
public record Range(String from, String end, long limit, Order order) {

    /** By their names. */
    public enum Order {
        ASCENDING,
        DESCENDING
    }

    /** All that begin like this. */
    public static Range prefix(String prefix) {
        return new Range(prefix, endOf(prefix), 0, Order.ASCENDING);
    }

    /** One key. */
    public static Range key(String key) {
        return new Range(key, key + "\0", 0, Order.ASCENDING);
    }

    public Range first(long count) {
        return new Range(from, end, count, Order.ASCENDING);
    }

    public Range last(long count) {
        return new Range(from, end, count, Order.DESCENDING);
    }

    /** Only those before this one. */
    public Range before(String key) {
        return new Range(from, key, limit, order);
    }

    private static String endOf(String prefix) {
        int last = prefix.length() - 1;
        return prefix.substring(0, last) + (char) (prefix.charAt(last) + 1);
    }

    static byte[] bytes(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }

    RangeRequest request(boolean keysOnly, boolean countOnly) {
        return new RangeRequest(
                bytes(from),
                bytes(end),
                limit,
                order == Order.DESCENDING ? "DESCEND" : null, // ascending is how they are kept
                keysOnly,
                countOnly);
    }
}
