// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import org.lunlock.iscsi.ProtocolException;

/** An enum constant that stands for a number in a field of a PDU. */
interface Coded {
    int code();

    /**
     * The constant with this code.
     *
     * @throws ProtocolException when no constant has it; {@code field} says where it stood
     */
    static <E extends Coded> E of(E[] constants, int code, String field) throws ProtocolException {
        for (E constant : constants) {
            if (constant.code() == code) {
                return constant;
            }
        }
        throw new ProtocolException("%s %d is not defined".formatted(field, code));
    }
}
