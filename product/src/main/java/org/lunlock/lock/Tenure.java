// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/**
 * One holding of a volume, from acquired to released or lost, however often its key changes.
 *
 * @param key the one that was last known to be registered
 * @param token {@link Report.Acquired#token}
 * @param renewedAt when the renewal to {@code key} was sent: nobody saw the key before
 * @param unproven it was claimed again from a target that had forgotten everything, and nobody has
 *     seen yet that we were the only one
 * @param unwanted to be released as soon as it is known to be ours
 */
record Tenure(LeaseKey key, long token, long renewedAt, boolean unproven, boolean unwanted) {

    Tenure renewed(LeaseKey key, long sentAt) {
        return new Tenure(key, token, sentAt, false, unwanted);
    }

    Tenure withUnproven(boolean unproven) {
        return new Tenure(key, token, renewedAt, unproven, unwanted);
    }

    Tenure whenUnwanted() {
        return new Tenure(key, token, renewedAt, unproven, true);
    }
}
