// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.EtcdClient;
import org.lunlock.etcd.EtcdException;
import org.lunlock.etcd.KeyValue;
import org.lunlock.etcd.Range;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.StoreException;

/** The last holdings of each volume, and the last lines of the audit log. */
record EtcdHistory(EtcdClient client) implements History {

    @Override
    public List<Holding> holdings(String volume, long before, int limit) throws StoreException {
        Range earlier = Range.prefix(Keys.holdings(volume)).before(Keys.holding(volume, before));
        return last(earlier, limit, Holding.class);
    }

    @Override
    public @Nullable Holding ended(String volume, String claim) throws StoreException {
        return last(Range.prefix(Keys.holdings(volume)), ROWS_MAX, Holding.class).stream()
                .filter(it -> it.claim().equals(claim))
                .findFirst()
                .orElse(null);
    }

    @Override
    public List<AuditStatus> audit(int limit) throws StoreException {
        return last(Range.prefix(Keys.AUDIT), limit, AuditStatus.class);
    }

    private <T> List<T> last(Range range, int limit, Class<T> type) throws StoreException {
        try {
            List<T> found = new ArrayList<>();
            for (KeyValue key : client.range(range.last(Math.clamp(limit, 1, ROWS_MAX))).all()) {
                found.add(Mirror.value(key, type));
            }
            return found;
        } catch (EtcdException e) {
            throw EtcdStore.failure(e);
        }
    }

    /** The client is the store's. */
    @Override
    public void close() {}
}
