// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * What may be written, and what the target keeps in its cache. SPC-4, MODE SENSE (6) and MODE SENSE
 * (10); SBC-3, Caching mode page. A caller asks {@link #ten} and falls back to {@link #six} when
 * the target refuses it.
 *
 * @param writeProtected WP: writes are refused
 * @param fuaSupported DPOFUA: the FUA and DPO bits mean something
 */
public record ModeSense(boolean writeProtected, boolean fuaSupported, WriteCache writeCache) {

    /** WCE of the Caching mode page. */
    public enum WriteCache {
        /** A write that ended may be lost with the target's power until the cache is flushed. */
        ENABLED,
        DISABLED,
        /** The target has no Caching mode page: flush as if it were enabled. */
        NOT_REPORTED
    }

    /** Every page, so that a target without a Caching mode page has something to answer. */
    private static final int ALL_PAGES = 0x3f;

    private static final int CACHING_PAGE = 0x08;
    private static final int DISABLE_BLOCK_DESCRIPTORS = 0x08;
    private static final int SIX_LENGTH = 0xff;
    private static final int TEN_LENGTH = 4096;

    public static ScsiRequest<ModeSense> six() {
        return new Cdb(6, 0x1a)
                .u8(1, DISABLE_BLOCK_DESCRIPTORS)
                .u8(2, ALL_PAGES)
                .u8(4, SIX_LENGTH)
                .dataIn("MODE SENSE(6)", SIX_LENGTH, ModeSense::decodeSix);
    }

    public static ScsiRequest<ModeSense> ten() {
        return new Cdb(10, 0x5a)
                .u8(1, DISABLE_BLOCK_DESCRIPTORS)
                .u8(2, ALL_PAGES)
                .u16(7, TEN_LENGTH)
                .dataIn("MODE SENSE(10)", TEN_LENGTH, ModeSense::decodeTen);
    }

    private static ModeSense decodeSix(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("MODE SENSE(6) data", dataIn);
        int end = data.u8(0) + 1; // MODE DATA LENGTH counts what follows it
        int pagesAt = 4 + data.u8(3); // BLOCK DESCRIPTOR LENGTH
        return decode(data, data.u8(2), pagesAt, end);
    }

    private static ModeSense decodeTen(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("MODE SENSE(10) data", dataIn);
        int end = data.u16(0) + 2;
        int pagesAt = 8 + data.u16(6);
        return decode(data, data.u8(3), pagesAt, end);
    }

    private static ModeSense decode(Fields data, int deviceSpecific, int pagesAt, int end)
            throws ProtocolException {
        return new ModeSense(
                (deviceSpecific & 0x80) != 0,
                (deviceSpecific & 0x10) != 0,
                writeCache(data, pagesAt, Math.min(end, data.length())));
    }

    /** Pages beyond the allocation length do not arrive: what is cut there counts as missing. */
    private static WriteCache writeCache(Fields data, int pagesAt, int end)
            throws ProtocolException {
        int at = pagesAt;
        while (at + 4 <= end) {
            boolean subpage = data.bit(at, 0x40); // SPF
            if (!subpage && (data.u8(at) & 0x3f) == CACHING_PAGE) {
                return data.bit(at + 2, 0x04) ? WriteCache.ENABLED : WriteCache.DISABLED;
            }
            at += subpage ? 4 + data.u16(at + 2) : 2 + data.u8(at + 1); // PAGE LENGTH
        }
        return WriteCache.NOT_REPORTED;
    }
}
