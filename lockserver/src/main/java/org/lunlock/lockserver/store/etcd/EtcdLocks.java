// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.EtcdClient;
import org.lunlock.etcd.EtcdException;
import org.lunlock.etcd.EtcdWatch;
import org.lunlock.etcd.KeyValue;
import org.lunlock.etcd.Range;
import org.lunlock.etcd.Txn;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.store.LockStore;
import org.lunlock.lockserver.store.StoreException;

/**
 * The locks in etcd, for any number of processes. Each commit is one transaction that expects the
 * revisions from which it was made; whoever comes second reads what is there and begins again.
 *
 * <p>A claim's key is bound to a lease, which is kept alive whenever its host is heard by anybody.
 * When the lease ends, etcd removes the key; whoever sees that first notes the end and grants the
 * volume to the next. So no clock of ours decides, and a process that was paused finds that what it
 * expects is no longer there.
 */
final class EtcdLocks implements LockStore {
    /** Each job makes two changes at most, each change at most three operations. */
    private static final int BATCH_MAX = Txn.OPERATIONS_MAX / 8;

    private final EtcdClient client;
    private final EtcdLog log;
    private final Range scope;
    private final Mirror mirror = new Mirror();
    private final Queue<List<KeyValue>> told = new ConcurrentLinkedQueue<>();
    private volatile Runnable whenOthersChange = () -> {};
    private volatile boolean stale = true;
    private @Nullable EtcdWatch watch;
    private long latest;

    /**
     * Reads nothing yet.
     *
     * @param volume the only one to look at; null for all
     */
    EtcdLocks(EtcdClient client, @Nullable String volume) {
        this.client = client;
        this.log = new EtcdLog(client);
        this.scope = Range.prefix(Keys.locks(volume));
    }

    @Override
    public int batchMax() {
        return BATCH_MAX;
    }

    /** Tokens rise by what each volume's key says, and by the clock where etcd was set back. */
    @Override
    public LockTable load(Now now) throws StoreException {
        LockTable table = new LockTable(0);
        refresh(table, now);
        return table;
    }

    @Override
    public void whenOthersChange(Runnable refresh) {
        whenOthersChange = refresh;
    }

    @Override
    public List<Claim> refresh(LockTable table, Now now) throws StoreException {
        if (watch != null) {
            watch.tend();
        }
        if (stale) {
            read();
        }
        for (List<KeyValue> some = told.poll(); some != null; some = told.poll()) {
            some.forEach(mirror::watched);
        }
        List<Claim> others = new ArrayList<>();
        for (String volume : mirror.takeTouched()) {
            others.addAll(refresh(table, volume, now));
        }
        return others;
    }

    private void read() throws StoreException {
        try {
            stale = false; // before reading: the watch may find again that it is
            EtcdClient.Found found = client.range(scope);
            checkRevision(found.revision());
            mirror.reset(found.all(), found.revision());
            if (watch == null) {
                watch = client.watch(scope.from(), found.revision(), new Told());
            }
        } catch (EtcdException e) {
            stale = true;
            throw EtcdStore.failure(e);
        }
    }

    /**
     * An etcd that was set back to an old copy counts on from there: nothing that we know holds.
     */
    private void checkRevision(long revision) {
        if (revision < latest && watch != null) {
            watch.close();
            watch = null;
            told.clear();
            stale = true;
        }
        latest = revision;
    }

    private List<Claim> refresh(LockTable table, String volume, Now now) throws StoreException {
        VolumeRecord stored = mirror.volume(volume);
        List<Claim> claims = new ArrayList<>(mirror.claims(volume));
        Claim holder = stored.holder();
        boolean lapsed = holder != null && mirror.created(Keys.claim(volume, holder.id())) == 0;
        if (lapsed) {
            claims.addFirst(holder);
        }
        List<Claim> others = table.replace(volume, stored.lastToken(), claims, now);
        if (lapsed) {
            table.lapse(volume, now);
        }
        return others;
    }

    @Override
    public boolean commit(List<Change> changes, List<AuditStatus> audit, Now now)
            throws StoreException {
        Draft draft = new Draft(mirror, changes);
        Txn txn = new Txn().otherwise(scope);
        draft.expect(txn);
        log.write(txn, changes, audit, now.wall());
        try {
            draft.write(txn, new Leases(client).of(draft));
            Txn.Outcome outcome = client.commit(txn);
            checkRevision(outcome.revision());
            if (!outcome.done()) {
                mirror.reset(outcome.otherwise(), outcome.revision());
                return false;
            }
            draft.committed(outcome.revision());
        } catch (EtcdException e) {
            stale = true;
            if (e.kind() == EtcdException.Kind.LEASE_OVER) {
                return false;
            }
            throw EtcdStore.failure(e);
        }
        log.prune(changes);
        return true;
    }

    /** In the watch's thread. */
    private final class Told implements EtcdWatch.Listener {
        @Override
        public void changed(List<KeyValue> keys) {
            told.add(keys);
            whenOthersChange.run();
        }

        @Override
        public void lost() {
            stale = true;
            whenOthersChange.run();
        }
    }

    @Override
    public void close() {
        if (watch != null) {
            watch.close();
        }
    }
}
