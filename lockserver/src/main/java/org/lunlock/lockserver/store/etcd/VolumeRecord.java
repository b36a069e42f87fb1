// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;

/**
 * What a volume's own key holds. Every change of its holder or queue writes it, and expects the
 * revision that it had: of two lock servers that change one volume at once, one is first.
 *
 * @param holder as it was granted; its own key goes with its lease, this stays until somebody notes
 *     the end
 */
record VolumeRecord(long lastToken, @Nullable Claim holder) {
    static final VolumeRecord NEW = new VolumeRecord(0, null);

    VolumeRecord after(Change change) {
        return switch (change) {
            case Change.Granted granted -> new VolumeRecord(granted.token(), granted.claim());
            case Change.Ended ended ->
                    ended.claim().grant() == null ? this : new VolumeRecord(lastToken, null);
            case Change.Queued _, Change.Heard _, Change.Renewed _ -> this;
        };
    }
}
