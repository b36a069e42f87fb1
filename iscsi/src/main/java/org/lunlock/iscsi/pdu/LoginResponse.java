// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.ProtocolException;

/**
 * The target's half of one step of a login, with text keys in its data segment. RFC 7143 §11.13
 * (Login Response).
 *
 * <p>When the status class is not 0 the flags and stages mean nothing and are read as false and
 * SECURITY_NEGOTIATION.
 *
 * @param transit the target agrees to go to {@code nextStage}
 * @param continues the text goes on in the next response; never together with {@code transit}
 * @param nextStage {@code currentStage} unless {@code transit}
 * @param tsih in the last response, what the target calls the session; 0 before
 * @param statusClass 0 goes on, 1 redirection, 2 initiator error, 3 target error
 */
public record LoginResponse(
        boolean transit,
        boolean continues,
        Stage currentStage,
        Stage nextStage,
        int versionMax,
        int versionActive,
        int dataSegmentLength,
        Isid isid,
        int tsih,
        int initiatorTaskTag,
        int statSn,
        int expCmdSn,
        int maxCmdSn,
        int statusClass,
        int statusDetail)
        implements TargetPdu {

    public static LoginResponse decode(ByteBuffer bhs) throws ProtocolException {
        int statusClass = Bhs.unsignedByte(bhs, 36);
        LoginFlags flags = statusClass == 0 ? LoginFlags.decode(bhs) : LoginFlags.NONE;
        return new LoginResponse(
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
                TargetPdu.statSn(bhs),
                TargetPdu.expCmdSn(bhs),
                TargetPdu.maxCmdSn(bhs),
                statusClass,
                Bhs.unsignedByte(bhs, 37));
    }

    @Override
    public void encode(ByteBuffer bhs) {
        int flags = new LoginFlags(transit, continues, currentStage, nextStage).encoded();
        Bhs.putStart(bhs, false, Opcode.LOGIN_RESPONSE, flags, versionMax, versionActive);
        Bhs.putLengths(bhs, 0, dataSegmentLength);
        Bhs.putSsid(bhs, isid, tsih);
        bhs.putInt(16, initiatorTaskTag);
        bhs.putInt(20, 0);
        bhs.putInt(24, statSn);
        bhs.putInt(28, expCmdSn);
        bhs.putInt(32, maxCmdSn);
        Bhs.putShorts(bhs, 36, statusClass << 8 | statusDetail, 0);
        bhs.putLong(40, 0);
    }

    @Override
    public Opcode opcode() {
        return Opcode.LOGIN_RESPONSE;
    }
}
