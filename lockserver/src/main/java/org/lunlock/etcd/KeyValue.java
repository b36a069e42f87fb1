// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import java.nio.charset.StandardCharsets;

/**
 * A key as it is at a revision.
 *
 * @param createRevision of the change that made it; 0 when there is no such key any more
 * @param modRevision of its last change
 * @param lease that it ends with; 0 for none
 */
public record KeyValue(
        String key, byte[] value, long createRevision, long modRevision, long lease) {

    static KeyValue of(Messages.KeyValue it) {
        byte[] value = it.value();
        return new KeyValue(
                new String(it.key(), StandardCharsets.UTF_8),
                value == null ? new byte[0] : value,
                it.createRevision(),
                it.modRevision(),
                it.lease());
    }

    /** Whether this says that the key is gone. */
    public boolean isGone() {
        return createRevision == 0;
    }
}
