// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;

/**
 * One protocol data unit, as far as its {@link Bhs} says it. RFC 7143 §11.2 (PDU Template, Header,
 * and Opcodes).
 *
 * <p>Additional header segments, digests and the data segment are the transport's; a record here
 * only says how long they are. Tags, LUNs and serial numbers are the raw bits of their fields;
 * lengths, offsets and counts are never negative.
 */
public sealed interface Pdu permits InitiatorPdu, TargetPdu {
    Opcode opcode();

    /** The task this belongs to, {@link Bhs#RESERVED_TAG} when it belongs to none. */
    int initiatorTaskTag();

    /** Bytes of data that follow, without padding; 0 for a PDU that never has any. */
    default int dataSegmentLength() {
        return 0;
    }

    /**
     * Writes all 48 bytes at index 0 of the buffer, reserved ones as 0.
     *
     * @throws IllegalStateException when a component does not fit its field, which is a bug of ours
     */
    void encode(ByteBuffer bhs);
}
