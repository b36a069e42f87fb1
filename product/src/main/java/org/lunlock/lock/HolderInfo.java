// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.time.Duration;

/**
 * Who has the volume, as far as the target tells.
 *
 * @param key what is registered; all that READ RESERVATION shows
 * @param type the reservation's type, 3 for lunlock's
 * @param unchangedFor since this host first saw exactly this key; a live lunlock holder renews it
 * @param sharesOurHostId the key has our host id and was not made here: another host drew the same
 *     id (from now on we use another), or is a copy of this one
 */
public record HolderInfo(LeaseKey key, int type, Duration unchangedFor, boolean sharesOurHostId) {

    /** Whether it will be taken over when it stops renewing. Others are left alone for ever. */
    public boolean isLunlock() {
        return key.isLunlock() && type == Observation.EXCLUSIVE_ACCESS;
    }

    @Override
    public String toString() {
        if (!isLunlock()) {
            return "another program (key " + key.hex() + ", reservation type " + type + ")";
        }
        return key + (sharesOurHostId ? ", which has this host's id" : "");
    }
}
