// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;

/**
 * Lists the logical units of a target. SPC-4, REPORT LUNS. Send it to LUN 0, which answers it even
 * where there is no logical unit.
 */
public final class ReportLuns {
    private static final int HEADER_LENGTH = 8;
    private static final int LUN_LENGTH = 8;

    /** Room for every LUN that {@link Lun} can hold. */
    private static final int ALLOCATION_LENGTH = HEADER_LENGTH + LUN_LENGTH * (Lun.MAX + 1);

    private ReportLuns() {}

    /** In the target's order, without well-known logical units and multi-level LUNs. */
    public static ScsiRequest<List<Lun>> request() {
        return new Cdb(12, 0xa0)
                .u32(6, ALLOCATION_LENGTH)
                .dataIn("REPORT LUNS", ALLOCATION_LENGTH, ReportLuns::decode);
    }

    private static List<Lun> decode(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("REPORT LUNS data", dataIn);
        Fields list = data.part(HEADER_LENGTH, data.u32(0)); // LUN LIST LENGTH
        if (list.length() % LUN_LENGTH != 0) {
            throw new ProtocolException("a LUN list of " + list.length() + " bytes");
        }
        List<Lun> luns = new ArrayList<>();
        for (int at = 0; at < list.length(); at += LUN_LENGTH) {
            addSingleLevel(list.u64(at), luns);
        }
        return List.copyOf(luns);
    }

    private static void addSingleLevel(long field, List<Lun> luns) {
        try {
            luns.add(Lun.decode(field));
        } catch (ProtocolException e) {
            // a form that names no single number is legal in this list, just of no use here
        }
    }
}
