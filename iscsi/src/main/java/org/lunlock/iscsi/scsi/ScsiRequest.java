// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * One SCSI command that is not block I/O: what is sent, and how its answer reads. The packages that
 * make them do no I/O; a session executes them.
 *
 * @param name as the standard prints it, e.g. {@code PERSISTENT RESERVE IN, READ KEYS}
 * @param cdb the command descriptor block, 6..260 bytes from position to limit; never moved
 * @param dataOut the parameter list, empty when the command has none; never moved
 * @param allocationLength bytes of Data-In that the CDB allows, 0 when the command has none. With
 *     {@code dataOut} the command is a bidirectional one
 * @param repeatable whether executing it twice does the same as once. A command that is not is
 *     never sent again after a lost connection: its caller learns that the outcome is unknown.
 * @param answer reads Data-In, from position to limit
 */
public record ScsiRequest<T>(
        String name,
        ByteBuffer cdb,
        ByteBuffer dataOut,
        int allocationLength,
        boolean repeatable,
        Answer<T> answer) {

    /** Reads the Data-In of a command that ended with status GOOD. */
    @FunctionalInterface
    public interface Answer<T> {
        /**
         * Decodes from the buffer's position to its limit; the buffer may be shorter than the
         * allocation length.
         *
         * @throws ProtocolException when the target's answer is not what the standard says
         */
        T decode(ByteBuffer dataIn) throws ProtocolException;
    }
}
