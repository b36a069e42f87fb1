// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.EtcdClient;
import org.lunlock.etcd.EtcdException;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.LockStore;
import org.lunlock.lockserver.store.Store;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreException.Kind;

/** All that is kept in one cluster, over one client. */
public record EtcdStore(EtcdClient client, LockStore locks, History history, BearerTokens tokens)
        implements Store {

    /**
     * All volumes, for a lock server. Connects to nothing yet.
     *
     * @throws StoreException REFUSED when the file of authorities cannot be used
     */
    public static EtcdStore open(EtcdOptions cluster) throws StoreException {
        return open(cluster, null);
    }

    /** One volume, for a host that queues for it; null for all. */
    public static EtcdStore open(EtcdOptions cluster, @Nullable String volume)
            throws StoreException {
        EtcdClient client = client(cluster);
        return new EtcdStore(
                client,
                new EtcdLocks(client, volume),
                new EtcdHistory(client),
                new EtcdTokens(client));
    }

    private static EtcdClient client(EtcdOptions cluster) throws StoreException {
        try {
            return new EtcdClient(cluster);
        } catch (IOException e) {
            throw new StoreException(Kind.REFUSED, String.valueOf(e.getMessage()), e);
        }
    }

    static StoreException failure(EtcdException e) {
        return switch (e.kind()) {
            case UNREACHABLE, LEASE_OVER ->
                    new StoreException(
                            Kind.UNREACHABLE,
                            "%s: check its address, and that most of its members run"
                                    .formatted(e.getMessage()),
                            e);
            case REFUSED ->
                    new StoreException(
                            Kind.REFUSED,
                            "%s: check the user, its password and rights, and the certificates"
                                    .formatted(e.getMessage()),
                            e);
        };
    }

    /** Idempotent. */
    @Override
    public void close() {
        locks.close();
        client.close();
    }
}
