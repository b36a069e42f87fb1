// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.block.BlockDevice.Extent;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.scsi.GetLbaStatus;
import org.lunlock.iscsi.session.Session;

/** Where a logical unit has storage and where it has none. SBC-3, GET LBA STATUS. */
final class LunExtents {
    /** Of one answer: whoever wants more asks again. */
    private static final int EXTENTS_MAX = 1024;

    private final Session session;
    private final Lun lun;
    private final int blockBytes;
    private final boolean thin;
    private final boolean unmappedReadsZero;
    private volatile boolean refused;

    LunExtents(Session session, Lun lun, LunGeometry geometry) {
        this.session = session;
        this.lun = lun;
        this.blockBytes = geometry.capacity().blockBytes();
        this.thin = geometry.capacity().provisioningManaged();
        this.unmappedReadsZero = geometry.provisioning().unmappedReadsZero();
    }

    /** As {@link BlockDevice#extents}. Neighbours that are alike are one. */
    List<Extent> of(long offsetBytes, long lengthBytes) throws IOException {
        List<Extent> extents = new ArrayList<>();
        long end = offsetBytes + lengthBytes;
        long next = offsetBytes;
        while (next < end && extents.size() < EXTENTS_MAX && thin && !refused) {
            for (GetLbaStatus.Extent answer : ask(next / blockBytes)) {
                // multiplied as late as it can be: an answer may reach past the last block
                long blocks = answer.lba() + answer.blocks() - next / blockBytes;
                long left = Math.ceilDiv(end, blockBytes) - next / blockBytes;
                long stop =
                        Math.min(end, (next / blockBytes + Math.min(blocks, left)) * blockBytes);
                if (stop > next) {
                    add(extents, stop - next, answer.status());
                    next = stop;
                }
            }
        }
        return extents.isEmpty() ? List.of(new Extent(lengthBytes, true, false)) : extents;
    }

    /** Empty, from then on, when the logical unit does not know the command. */
    private List<GetLbaStatus.Extent> ask(long lba) throws IOException {
        try {
            return new Commands(session, lun, blockBytes).ask(GetLbaStatus.from(lba));
        } catch (ScsiException e) {
            Sense sense = e.sense();
            if (sense == null || sense.key() != Sense.Key.ILLEGAL_REQUEST) {
                throw e;
            }
            refused = true;
            return List.of();
        }
    }

    private void add(List<Extent> extents, long bytes, GetLbaStatus.Status status) {
        boolean allocated = status == GetLbaStatus.Status.MAPPED;
        boolean zero = !allocated && unmappedReadsZero;
        Extent last = extents.isEmpty() ? null : extents.getLast();
        if (last != null && last.allocated() == allocated && last.zero() == zero) {
            extents.removeLast();
            extents.add(new Extent(last.lengthBytes() + bytes, allocated, zero));
        } else {
            extents.add(new Extent(bytes, allocated, zero));
        }
    }
}
