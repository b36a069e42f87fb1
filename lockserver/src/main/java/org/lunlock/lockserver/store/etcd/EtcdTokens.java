// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.EtcdClient;
import org.lunlock.etcd.EtcdException;
import org.lunlock.etcd.KeyValue;
import org.lunlock.etcd.Range;
import org.lunlock.etcd.Txn;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.store.Bearer;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Principal;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.StoreException;

/**
 * Bearer tokens in etcd: a key by name for what is known of one, and while it is good a key by its
 * hash, which each request reads.
 */
record EtcdTokens(EtcdClient client) implements BearerTokens {

    /** What the key by name holds. */
    record Stored(Listed listed, String sha256) {}

    @Override
    public String add(String name, List<Allowance> allowances, Instant now) throws StoreException {
        Bearer.check(name, allowances);
        String bearer = Bearer.draw();
        String hash = Bearer.sha256(bearer);
        Principal principal = new Principal(name, allowances);
        Stored stored = new Stored(new Listed(principal, now, null), hash);
        Txn txn =
                new Txn()
                        .ifCreated(Keys.token(name), 0)
                        .put(Keys.token(name), Json.bytes(stored), 0)
                        .put(Keys.bearer(hash), Json.bytes(principal), 0);
        if (!commit(txn)) {
            throw Bearer.taken(name);
        }
        return bearer;
    }

    @Override
    public void revoke(String name, Instant now) throws StoreException {
        for (KeyValue found : range(Range.key(Keys.token(name)))) {
            Stored stored = Mirror.value(found, Stored.class);
            Listed known = stored.listed();
            Listed revoked = new Listed(known.principal(), known.createdAt(), now);
            Txn txn =
                    new Txn()
                            .ifCreated(Keys.bearer(stored.sha256()), found.createRevision())
                            .put(found.key(), Json.bytes(new Stored(revoked, stored.sha256())), 0)
                            .delete(Keys.bearer(stored.sha256()));
            if (commit(txn)) {
                return;
            }
        }
        throw Bearer.unknown(name);
    }

    @Override
    public List<Listed> list() throws StoreException {
        List<Listed> all = new ArrayList<>();
        for (KeyValue found : range(Range.prefix(Keys.TOKENS))) {
            all.add(Mirror.value(found, Stored.class).listed());
        }
        return all;
    }

    @Override
    public @Nullable Principal authenticate(String bearer) throws StoreException {
        List<KeyValue> found = range(Range.key(Keys.bearer(Bearer.sha256(bearer))));
        return found.isEmpty() ? null : Mirror.value(found.getFirst(), Principal.class);
    }

    private List<KeyValue> range(Range range) throws StoreException {
        try {
            return client.range(range).all();
        } catch (EtcdException e) {
            throw EtcdStore.failure(e);
        }
    }

    private boolean commit(Txn txn) throws StoreException {
        try {
            return client.commit(txn).done();
        } catch (EtcdException e) {
            throw EtcdStore.failure(e);
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
