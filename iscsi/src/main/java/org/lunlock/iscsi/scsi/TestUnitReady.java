// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import org.lunlock.iscsi.ScsiStatus;

/**
 * Asks whether the logical unit can be used, and collects a pending unit attention. SPC-4, TEST
 * UNIT READY.
 */
public final class TestUnitReady {
    private TestUnitReady() {}

    public static ScsiRequest<ScsiStatus> request() {
        return new Cdb(6, 0x00).noData("TEST UNIT READY");
    }
}
