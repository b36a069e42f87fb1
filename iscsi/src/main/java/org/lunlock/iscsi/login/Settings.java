// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.util.OptionalInt;

/**
 * What a login agreed on, and where the numbering stands. RFC 7143 §13 (Login/Text Operational Text
 * Keys).
 *
 * @param tsih what the target calls this session
 * @param targetPortalGroupTag absent when the target did not tell
 * @param headerDigest CRC32C over every BHS and AHS from the next PDU on
 * @param dataDigest CRC32C over every data segment from the next PDU on
 * @param initiatorMaxRecvDataSegmentLength bytes that the target may send in one PDU
 * @param targetMaxRecvDataSegmentLength bytes that the initiator may send in one PDU
 * @param initialR2t no Data-Out before an R2T
 * @param maxBurstLength bytes that one R2T may ask for, and one sequence of Data-In may have
 * @param firstBurstLength bytes of unsolicited data per command, immediate data included; never
 *     above {@code maxBurstLength}
 * @param defaultTime2Wait seconds to wait before connecting again
 * @param defaultTime2Retain seconds after those during which the target keeps tasks
 * @param maxOutstandingR2t R2Ts the target may send for one command before they are answered
 * @param statSn of the last Login Response; the next PDU that takes one has the number after it
 */
public record Settings(
        int tsih,
        OptionalInt targetPortalGroupTag,
        boolean headerDigest,
        boolean dataDigest,
        int maxConnections,
        boolean initialR2t,
        boolean immediateData,
        int initiatorMaxRecvDataSegmentLength,
        int targetMaxRecvDataSegmentLength,
        int maxBurstLength,
        int firstBurstLength,
        int defaultTime2Wait,
        int defaultTime2Retain,
        int maxOutstandingR2t,
        int errorRecoveryLevel,
        int iscsiProtocolLevel,
        int statSn,
        int expCmdSn,
        int maxCmdSn) {

    /** Those of a connection that has joined a session: the rest was agreed on before. */
    Settings in(Settings session) {
        return new Settings(
                tsih,
                session.targetPortalGroupTag,
                headerDigest,
                dataDigest,
                session.maxConnections,
                session.initialR2t,
                session.immediateData,
                initiatorMaxRecvDataSegmentLength,
                targetMaxRecvDataSegmentLength,
                session.maxBurstLength,
                session.firstBurstLength,
                session.defaultTime2Wait,
                session.defaultTime2Retain,
                session.maxOutstandingR2t,
                session.errorRecoveryLevel,
                session.iscsiProtocolLevel,
                statSn,
                expCmdSn,
                maxCmdSn);
    }
}
