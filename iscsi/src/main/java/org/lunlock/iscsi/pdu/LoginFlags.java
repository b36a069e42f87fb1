// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ProtocolException;

/** Byte 1 of both login PDUs: T, C, CSG and NSG. RFC 7143 §11.12 (Login Request). */
record LoginFlags(boolean transit, boolean continues, Stage currentStage, Stage nextStage) {
    private static final int TRANSIT = 0x80;
    private static final int CONTINUE = 0x40;

    /** What a Login Response that refuses has, whatever its bits are. */
    static final LoginFlags NONE =
            new LoginFlags(false, false, Stage.SECURITY_NEGOTIATION, Stage.SECURITY_NEGOTIATION);

    static LoginFlags decode(ByteBuffer bhs) throws ProtocolException {
        boolean transit = Bhs.hasFlag(bhs, TRANSIT);
        boolean continues = Bhs.hasFlag(bhs, CONTINUE);
        if (transit && continues) {
            throw new ProtocolException("a login PDU with both its T and its C bit");
        }
        Stage current = Stage.of(bhs.get(1) >> 2 & 0x03);
        // NSG means something only together with T.
        Stage next = transit ? Stage.of(bhs.get(1) & 0x03) : current;
        return new LoginFlags(transit, continues, current, next);
    }

    int encoded() {
        Check.that(!(transit && continues), "a login PDU has no T bit when its text goes on");
        return (transit ? TRANSIT : 0)
                | (continues ? CONTINUE : 0)
                | currentStage.code() << 2
                | (transit ? nextStage.code() : 0);
    }
}
