// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.ProtocolException;

/**
 * One step of a login, with text keys in its data segment. Always immediate. RFC 7143 §11.12 (Login
 * Request).
 *
 * @param transit the initiator is ready to leave this stage for {@code nextStage}
 * @param continues the text goes on in the next request; never together with {@code transit}
 * @param nextStage {@code currentStage} unless {@code transit}
 * @param tsih 0 for a new session
 * @param cid names the connection within the session, 0..65535
 * @param cmdSn the first CmdSN of the session, the same in the whole login
 */
public record LoginRequest(
        boolean transit,
        boolean continues,
        Stage currentStage,
        Stage nextStage,
        int versionMax,
        int versionMin,
        int dataSegmentLength,
        Isid isid,
        int tsih,
        int initiatorTaskTag,
        int cid,
        int cmdSn,
        int expStatSn)
        implements InitiatorPdu {

    public static LoginRequest decode(ByteBuffer bhs) throws ProtocolException {
        if (!Bhs.isImmediate(bhs)) {
            throw new ProtocolException("Login Request without its I bit");
        }
        LoginFlags flags = LoginFlags.decode(bhs);
        return new LoginRequest(
                flags.transit(),
                flags.continues(),
                flags.currentStage(),
                flags.nextStage(),
                Bhs.unsignedByte(bhs, 2),
                Bhs.unsignedByte(bhs, 3),
                Bhs.dataSegmentLength(bhs),
                new Isid(bhs.getLong(8) >>> 16),
                Bhs.unsignedShort(bhs, 14),
                Bhs.initiatorTaskTag(bhs),
                Bhs.unsignedShort(bhs, 20),
                bhs.getInt(24),
                bhs.getInt(28));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        int flags = new LoginFlags(transit, continues, currentStage, nextStage).encoded();
        Bhs.putStart(bhs, true, Opcode.LOGIN_REQUEST, flags, versionMax, versionMin);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        Bhs.putSsid(bhs, isid, tsih);
        bhs.putInt(16, initiatorTaskTag);
        Bhs.putShorts(bhs, 20, cid, 0);
        bhs.putInt(24, cmdSn);
        bhs.putInt(28, expStatSn);
        bhs.putLong(32, 0);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.LOGIN_REQUEST;
    }
}
