// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.Messages.Compare;
import org.lunlock.etcd.Messages.DeleteRangeRequest;
import org.lunlock.etcd.Messages.PutRequest;
import org.lunlock.etcd.Messages.RequestOp;
import org.lunlock.etcd.Messages.TxnRequest;

/**
 * What is done if everything is as expected, all of it or nothing; what is read otherwise. etcd
 * takes one word on a key: the first of what is expected, and the last of what is done.
 */
public final class Txn {
    /**
     * What a cluster takes in one transaction, of expectations and of changes, unless told more.
     */
    public static final int OPERATIONS_MAX = 128;

    private final Map<String, Compare> expected = new LinkedHashMap<>();
    private final Map<String, RequestOp> changes = new LinkedHashMap<>();
    private @Nullable Range otherwise;

    /** If the key was made by this revision; 0: if there is none. */
    public Txn ifCreated(String key, long revision) {
        expected.putIfAbsent(
                "create " + key, new Compare("CREATE", Range.bytes(key), revision, null));
        return this;
    }

    /** If the key was changed last by this revision; 0: if there is none. */
    public Txn ifChanged(String key, long revision) {
        expected.putIfAbsent("mod " + key, new Compare("MOD", Range.bytes(key), null, revision));
        return this;
    }

    /**
     * Sets a key.
     *
     * @param lease that it ends with; 0 for none
     */
    public Txn put(String key, byte[] value, long lease) {
        changes.put(key, new RequestOp(null, new PutRequest(Range.bytes(key), value, lease), null));
        return this;
    }

    public Txn delete(String key) {
        changes.put(key, new RequestOp(null, null, new DeleteRangeRequest(Range.bytes(key), null)));
        return this;
    }

    /** What is read when something is not as expected. */
    public Txn otherwise(Range range) {
        otherwise = range;
        return this;
    }

    TxnRequest request() {
        Range range = otherwise;
        return new TxnRequest(
                List.copyOf(expected.values()),
                new ArrayList<>(changes.values()),
                range == null
                        ? List.of()
                        : List.of(new RequestOp(range.request(false, false), null, null)));
    }

    /**
     * How it went.
     *
     * @param revision of the store after it
     * @param otherwise what was read instead
     */
    public record Outcome(boolean done, long revision, List<KeyValue> otherwise) {}
}
