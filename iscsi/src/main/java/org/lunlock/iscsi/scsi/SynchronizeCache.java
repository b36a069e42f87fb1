// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import org.lunlock.iscsi.ScsiStatus;

/**
 * Moves what the target's volatile cache holds to stable storage. SBC-3, SYNCHRONIZE CACHE (10).
 */
public final class SynchronizeCache {
    private SynchronizeCache() {}

    /** The whole logical unit; ends when everything written before is on stable storage. */
    public static ScsiRequest<ScsiStatus> everything() {
        return new Cdb(10, 0x35).noData("SYNCHRONIZE CACHE(10)"); // LBA 0, 0 blocks: all of them
    }
}
