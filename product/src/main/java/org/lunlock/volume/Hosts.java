// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import org.lunlock.lock.LeaseKey;

/** What other hosts are called: the target shows a number for each, and nothing more. */
final class Hosts {
    private Hosts() {}

    static String name(int hostId) {
        return "%04x".formatted(hostId);
    }

    /** Four hexadecimal digits for a host of ours; the whole key for anybody else. */
    static String name(LeaseKey key) {
        return key.isLunlock() ? name(key.hostId()) : "unknown to lunlock (key " + key.hex() + ")";
    }
}
