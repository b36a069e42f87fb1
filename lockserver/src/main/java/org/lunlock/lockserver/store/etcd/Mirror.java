// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import org.lunlock.etcd.KeyValue;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreException.Kind;

/**
 * The keys of the locks as far as this process knows them: what it read, then what it changed and
 * what the watch told, in whatever order. Of each key the latest revision counts. For one thread.
 */
final class Mirror {
    private final NavigableMap<String, KeyValue> keys = new TreeMap<>();
    private final Set<String> touched = new HashSet<>();
    private long read;

    /** Everything, as it was read at a revision. */
    void reset(Collection<KeyValue> all, long revision) {
        keys.keySet().forEach(it -> touched.add(Keys.volumeOf(it)));
        keys.clear();
        read = revision;
        for (KeyValue one : all) {
            keys.put(one.key(), one);
            touched.add(Keys.volumeOf(one.key()));
        }
    }

    /** One key, as the watch says. */
    void watched(KeyValue change) {
        KeyValue known = keys.get(change.key());
        long seen = known == null ? read : Math.max(read, known.modRevision());
        if (change.modRevision() > seen) {
            put(change);
        }
        KeyValue latest = keys.get(change.key());
        if (latest != null && latest.isGone() && latest.modRevision() <= change.modRevision()) {
            keys.remove(change.key()); // nothing older is told any more
        }
    }

    /** One key, as we changed it. What is gone stays until the watch has told it, too. */
    void put(KeyValue change) {
        keys.put(change.key(), change);
        touched.add(Keys.volumeOf(change.key()));
    }

    /** The revision at which the key was made; 0 when there is none. */
    long created(String key) {
        KeyValue known = keys.get(key);
        return known == null ? 0 : known.createRevision();
    }

    /** The revision at which the key was changed; 0 when there is none. */
    long modified(String key) {
        KeyValue known = keys.get(key);
        return known == null || known.isGone() ? 0 : known.modRevision();
    }

    long lease(String key) {
        KeyValue known = keys.get(key);
        return known == null ? 0 : known.lease();
    }

    VolumeRecord volume(String name) throws StoreException {
        KeyValue known = keys.get(Keys.volume(name));
        return known == null || known.isGone()
                ? VolumeRecord.NEW
                : value(known, VolumeRecord.class);
    }

    /** The volumes whose keys changed since this was asked last. */
    List<String> takeTouched() {
        List<String> taken = List.copyOf(touched);
        touched.clear();
        return taken;
    }

    /** The claims of a volume in the order in which they were made. */
    List<Claim> claims(String volume) throws StoreException {
        String prefix = Keys.claim(volume, "");
        List<Made> all = new ArrayList<>();
        for (KeyValue one : keys.subMap(prefix, prefix + Character.MAX_VALUE).values()) {
            if (!one.isGone()) {
                all.add(new Made(one.createRevision(), value(one, Claim.class)));
            }
        }
        all.sort(Made.ORDER);
        return all.stream().map(Made::claim).toList();
    }

    /** Some are made by one transaction. */
    private record Made(long revision, Claim claim) {
        static final Comparator<Made> ORDER =
                Comparator.comparingLong(Made::revision)
                        .thenComparing(it -> it.claim().claimedAt())
                        .thenComparing(it -> it.claim().id());
    }

    static <T> T value(KeyValue key, Class<T> type) throws StoreException {
        try {
            return Json.read(key.value(), type);
        } catch (Json.NotThatException e) {
            throw new StoreException(
                    Kind.DAMAGED,
                    "etcd holds what lunlock did not write (%s: %s): remove it, or use another etcd"
                            .formatted(key.key(), e.getMessage()),
                    e);
        }
    }
}
