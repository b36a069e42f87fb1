// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;

/**
 * Who logs in where, and what every Login Request of it repeats. RFC 7143 §11.12 (Login Request).
 *
 * @param session what the session that this connection joins has agreed on; null for a new session
 *     or to reinstate one
 * @param cid 0..65535, names the connection within its session
 * @param cmdSn the CmdSN of the next command
 * @param expStatSn the status that the connection expected next in whose place this one comes, else
 *     0
 * @param target null for a discovery session
 */
public record LoginIdentity(
        IscsiName initiator,
        Isid isid,
        @Nullable Settings session,
        int cid,
        int initiatorTaskTag,
        int cmdSn,
        int expStatSn,
        @Nullable IscsiName target) {

    /** The leading connection of a new session with a target. */
    public static LoginIdentity normal(
            IscsiName initiator, Isid isid, int cmdSn, IscsiName target) {
        return new LoginIdentity(initiator, isid, null, 0, 0, cmdSn, 0, target);
    }

    /** The connection of a session that only asks which targets there are. */
    public static LoginIdentity discovery(IscsiName initiator, Isid isid, int cmdSn) {
        return new LoginIdentity(initiator, isid, null, 0, 0, cmdSn, 0, null);
    }

    /**
     * Another connection of the session that this is the leading one of, or one in the place of a
     * lost one. RFC 7143 §6.3.4 (Connection Reinstatement).
     */
    public LoginIdentity joining(Settings joined, int itsCid, int nextCmdSn, int lostExpStatSn) {
        return new LoginIdentity(
                initiator, isid, joined, itsCid, 0, nextCmdSn, lostExpStatSn, target);
    }

    /** 0 for a new session or to reinstate one. */
    int tsih() {
        return session == null ? 0 : session.tsih();
    }

    /** Whether this connection is the first of its session. */
    boolean isLeading() {
        return session == null;
    }

    boolean isDiscovery() {
        return target == null;
    }

    /** The other side, for messages. */
    String targetText() {
        return target == null ? "discovery portal" : "target " + target;
    }
}
