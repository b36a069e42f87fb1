// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lunlock.etcd.KeyValue;
import org.lunlock.etcd.Txn;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Ending;
import org.lunlock.lockserver.store.StoreException;

/** Some changes as one transaction: what they expect of the keys, and what they make of them. */
final class Draft {
    private final Mirror mirror;
    private final List<Change> changes;
    private final Map<String, VolumeRecord> volumes = new LinkedHashMap<>();
    private final Map<String, Claim> puts = new LinkedHashMap<>();
    private final Set<String> deletes = new LinkedHashSet<>();
    private final Set<String> ownLease = new LinkedHashSet<>();
    private final Set<String> freshLease = new LinkedHashSet<>();
    private Map<String, Long> leases = Map.of();

    Draft(Mirror mirror, List<Change> changes) throws StoreException {
        this.mirror = mirror;
        this.changes = changes;
        for (Change change : changes) {
            add(change);
        }
    }

    private void add(Change change) throws StoreException {
        Claim claim = change.claim();
        String key = key(claim);
        switch (change) {
            case Change.Queued _, Change.Granted _ -> {
                puts.put(key, claim);
                deletes.remove(key);
                freshLease.add(key);
            }
            case Change.Renewed _ -> {
                puts.put(key, claim);
                ownLease.add(key);
            }
            case Change.Heard _ -> {
                if (claim.grant() == null) { // a grant is not renewed by asking for it
                    ownLease.add(key);
                }
            }
            case Change.Ended _ -> {
                puts.remove(key);
                deletes.add(key);
                freshLease.remove(key);
                ownLease.remove(key);
            }
        }
        if (isOfQueue(change)) {
            VolumeRecord before = volumes.get(claim.volume());
            volumes.put(
                    claim.volume(),
                    (before == null ? mirror.volume(claim.volume()) : before).after(change));
        }
    }

    private static String key(Claim claim) {
        return Keys.claim(claim.volume(), claim.id());
    }

    /** Whether it changes who holds the volume and who waits. */
    private static boolean isOfQueue(Change change) {
        return switch (change) {
            case Change.Queued _, Change.Granted _, Change.Ended _ -> true;
            case Change.Heard _, Change.Renewed _ -> false;
        };
    }

    /**
     * Each claim is as we know it, or not there yet, or not there any more; and so is its volume,
     * but for a renewal: that is good as long as the claim is there.
     */
    void expect(Txn txn) {
        for (Change change : changes) {
            Claim claim = change.claim();
            String key = key(claim);
            boolean absent =
                    switch (change) {
                        case Change.Queued _ -> true;
                        case Change.Ended ended -> ended.ending() == Ending.EXPIRED;
                        case Change.Granted _, Change.Heard _, Change.Renewed _ -> false;
                    };
            txn.ifCreated(key, absent ? 0 : mirror.created(key));
            if (!(change instanceof Change.Renewed)) {
                String volume = Keys.volume(claim.volume());
                txn.ifChanged(volume, mirror.modified(volume));
            }
        }
    }

    /** The claims that need a lease of their own, by their keys. */
    Map<String, Claim> wantLease() {
        Map<String, Claim> wanted = new HashMap<>(puts);
        wanted.keySet().retainAll(freshLease);
        return wanted;
    }

    /** The leases whose hosts were heard. */
    List<Long> wantKeepAlive() {
        return ownLease.stream()
                .filter(it -> !freshLease.contains(it))
                .map(mirror::lease)
                .filter(it -> it != 0)
                .toList();
    }

    /**
     * What is done when everything is as expected.
     *
     * @param granted the leases that were wanted, by the claims' keys
     */
    void write(Txn txn, Map<String, Long> granted) {
        leases = granted;
        volumes.forEach((name, record) -> txn.put(Keys.volume(name), Json.bytes(record), 0));
        puts.forEach((key, claim) -> txn.put(key, Json.bytes(claim), lease(key)));
        deletes.forEach(txn::delete);
    }

    private long lease(String key) {
        Long granted = leases.get(key);
        return granted == null ? mirror.lease(key) : granted;
    }

    /** It is done: nobody else has changed these keys since. */
    void committed(long revision) {
        volumes.forEach((name, it) -> put(Keys.volume(name), Json.bytes(it), 0, revision));
        puts.forEach((key, claim) -> put(key, Json.bytes(claim), lease(key), revision));
        for (String key : deletes) {
            mirror.put(new KeyValue(key, new byte[0], 0, revision, 0));
        }
    }

    private void put(String key, byte[] value, long lease, long revision) {
        long created = mirror.created(key);
        mirror.put(new KeyValue(key, value, created == 0 ? revision : created, revision, lease));
    }
}
