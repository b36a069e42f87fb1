// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.lunlock.etcd.EtcdException.Kind;
import org.lunlock.etcd.Messages.DeleteRangeRequest;
import org.lunlock.etcd.Messages.LeaseGrantRequest;
import org.lunlock.etcd.Messages.LeaseGrantResponse;
import org.lunlock.etcd.Messages.LeaseKeepAliveRequest;
import org.lunlock.etcd.Messages.LeaseKeepAliveResponse;
import org.lunlock.etcd.Messages.RangeResponse;
import org.lunlock.etcd.Messages.ResponseOp;
import org.lunlock.etcd.Messages.StreamedKeepAlive;
import org.lunlock.etcd.Messages.TxnResponse;

/**
 * What one cluster is asked. Everything read is what a majority agreed on. Each call waits, some
 * seconds at most, and goes to another member when one does not answer; so what changes something
 * may be done though it fails, or done twice: let a {@link Txn} expect what it changes. From any
 * thread.
 */
public final class EtcdClient implements AutoCloseable {
    private final Gateway gateway;

    /**
     * Connects to nothing yet.
     *
     * @throws IOException when the file of authorities cannot be used
     */
    public EtcdClient(EtcdOptions options) throws IOException {
        this.gateway = new Gateway(options);
    }

    /**
     * Keys and the revision of the store at which they are like that.
     *
     * @param all by their names, in the order of the range
     */
    public record Found(List<KeyValue> all, long revision) {}

    public Found range(Range range) throws EtcdException {
        RangeResponse answer =
                gateway.call("/v3/kv/range", range.request(false, false), RangeResponse.class);
        return new Found(keys(answer), answer.header().revision());
    }

    /** How many there are. */
    public long count(Range range) throws EtcdException {
        return gateway.call("/v3/kv/range", range.request(false, true), RangeResponse.class)
                .count();
    }

    /** Removes all but the last so many of a prefix. */
    public void keepLast(String prefix, long most) throws EtcdException {
        Range all = Range.prefix(prefix);
        long more = count(all) - most;
        if (more <= 0) {
            return;
        }
        RangeResponse first =
                gateway.call(
                        "/v3/kv/range", all.first(more).request(true, false), RangeResponse.class);
        String end = keys(first).getLast().key() + "\0";
        gateway.call(
                "/v3/kv/deleterange",
                new DeleteRangeRequest(Range.bytes(prefix), Range.bytes(end)),
                Object.class);
    }

    private static List<KeyValue> keys(RangeResponse answer) {
        List<Messages.KeyValue> found = answer.kvs();
        return found == null ? List.of() : found.stream().map(KeyValue::of).toList();
    }

    public Txn.Outcome commit(Txn txn) throws EtcdException {
        TxnResponse answer = gateway.call("/v3/kv/txn", txn.request(), TxnResponse.class);
        List<KeyValue> otherwise = List.of();
        List<ResponseOp> responses = answer.responses();
        if (!answer.succeeded() && responses != null && !responses.isEmpty()) {
            RangeResponse read = responses.getFirst().responseRange();
            otherwise = read == null ? List.of() : keys(read);
        }
        return new Txn.Outcome(answer.succeeded(), answer.header().revision(), otherwise);
    }

    /**
     * A lease: what is bound to it goes with it when it was not kept alive for so long.
     *
     * @param life rounded up to seconds; etcd may make it longer
     */
    public long grantLease(Duration life) throws EtcdException {
        LeaseGrantRequest request = new LeaseGrantRequest(life.plusMillis(999).toSeconds());
        return gateway.call("/v3/lease/grant", request, LeaseGrantResponse.class).id();
    }

    /** Begins the lease's time anew; false when it is over. */
    public boolean keepAlive(long lease) throws EtcdException {
        StreamedKeepAlive answer =
                gateway.call(
                        "/v3/lease/keepalive",
                        new LeaseKeepAliveRequest(lease),
                        StreamedKeepAlive.class);
        LeaseKeepAliveResponse result = answer.result();
        if (result == null) {
            throw new EtcdException(Kind.UNREACHABLE, "a lease was not kept alive", null);
        }
        return result.ttl() > 0;
    }

    /**
     * Tells of every change of a prefix after a revision, in order, until it is closed.
     *
     * @param after a revision of which everything is known
     */
    public EtcdWatch watch(String prefix, long after, EtcdWatch.Listener listener) {
        return new EtcdWatch(gateway, Range.prefix(prefix), after, listener);
    }

    @Override
    public void close() {
        gateway.close();
    }
}
