// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Store;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreOptions;
import org.lunlock.lockserver.store.etcd.EtcdStore;
import org.lunlock.lockserver.store.sqlite.SqliteStore;
import org.lunlock.lockserver.store.sqlite.SqliteTokens;

/** Opens stores of each kind. */
public final class Stores {
    private Stores() {}

    /**
     * For a lock server.
     *
     * @throws StoreException when it is damaged, in use, or cannot be reached or written
     */
    public static Store open(StoreOptions options) throws StoreException {
        return switch (options) {
            case StoreOptions.Directory directory -> SqliteStore.open(directory.path());
            case StoreOptions.Etcd etcd -> EtcdStore.open(etcd.cluster());
        };
    }

    /** The bearer tokens alone, beside a server that runs. */
    public static BearerTokens openTokens(StoreOptions options) throws StoreException {
        return switch (options) {
            case StoreOptions.Directory directory -> SqliteTokens.open(directory.path());
            case StoreOptions.Etcd etcd -> EtcdStore.open(etcd.cluster()).tokens();
        };
    }
}
