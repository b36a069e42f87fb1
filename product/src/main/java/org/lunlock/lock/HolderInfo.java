// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;

/**
 * Who has the volume, as far as the target tells.
 *
 * @param key what is registered; of several readers, one that is in the way
 * @param type the reservation's type, 3 or 7 for lunlock's; 0 where there is none yet
 * @param unchangedFor since this host first saw exactly this key; a live lunlock holder renews it
 * @param sharesOurHostId the key has our host id and was not made here: another host drew the same
 *     id (from now on we use another), or is a copy of this one
 */
public record HolderInfo(LeaseKey key, int type, Duration unchangedFor, boolean sharesOurHostId) {

    /** Whether it will be taken over when it stops renewing. Others are left alone for ever. */
    public boolean isLunlock() {
        return key.isLunlock() && (type == 0 || type == Observation.EXCLUSIVE_ACCESS || isShared());
    }

    /** Whether others may have it, too, who only read. */
    public boolean isShared() {
        return type == Observation.WRITE_EXCLUSIVE_ALL_REGISTRANTS;
    }

    @Override
    public String toString() {
        if (!isLunlock()) {
            return "another program (key " + key.hex() + ", reservation type " + type + ")";
        }
        return key + (isShared() ? ", which reads it" : "");
    }
}
