// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;

/**
 * Who logs in where, and what every Login Request of it repeats. RFC 7143 §11.12 (Login Request).
 *
 * @param tsih 0 for a new session or to reinstate one, else the session this connection joins
 * @param cid 0..65535, names the connection within its session
 * @param cmdSn the first CmdSN of the session
 * @param target null for a discovery session
 */
public record LoginIdentity(
        IscsiName initiator,
        Isid isid,
        int tsih,
        int cid,
        int initiatorTaskTag,
        int cmdSn,
        @Nullable IscsiName target) {

    /** The leading connection of a new session with a target. */
    public static LoginIdentity normal(
            IscsiName initiator, Isid isid, int cmdSn, IscsiName target) {
        return new LoginIdentity(initiator, isid, 0, 0, 0, cmdSn, target);
    }

    /** The connection of a session that only asks which targets there are. */
    public static LoginIdentity discovery(IscsiName initiator, Isid isid, int cmdSn) {
        return new LoginIdentity(initiator, isid, 0, 0, 0, cmdSn, null);
    }

    boolean isDiscovery() {
        return target == null;
    }

    /** The other side, for messages. */
    String targetText() {
        return target == null ? "discovery portal" : "target " + target;
    }
}
