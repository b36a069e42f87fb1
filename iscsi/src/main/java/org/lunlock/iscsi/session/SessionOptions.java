// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;

/**
 * Whom to log in to, as whom, and how.
 *
 * @param initiator this host's name
 * @param isid with the name and the target it is the I_T nexus: keep it for the host's life
 * @param credentials null to log in without authentication
 * @param parameters MaxOutstandingR2T up to 16, MaxConnections up to {@value #CONNECTIONS_MAX},
 *     data in order; ErrorRecoveryLevel 2 needs a DefaultTime2Retain above 0
 */
public record SessionOptions(
        Portal portal,
        IscsiName target,
        IscsiName initiator,
        Isid isid,
        @Nullable Credentials credentials,
        LoginParameters parameters,
        Timeouts timeouts) {

    /** A few use all paths of a network; each has its thread and its buffers at the target. */
    public static final int CONNECTIONS_MAX = 8;

    /** Refuses what a target could agree to and a session could not do. */
    public SessionOptions {
        atMost(parameters, Key.MAX_OUTSTANDING_R2T, BurstQueue.OUTSTANDING_R2T_MAX);
        atMost(parameters, Key.MAX_CONNECTIONS, CONNECTIONS_MAX);
        inOrder(parameters, Key.DATA_PDU_IN_ORDER);
        inOrder(parameters, Key.DATA_SEQUENCE_IN_ORDER);
    }

    private static void atMost(LoginParameters parameters, Key key, int limit) {
        String offer = parameters.offers().getOrDefault(key, key.defaultValue());
        if (Integer.parseInt(offer) > limit) {
            throw new IllegalArgumentException(key + " above " + limit + " is not supported");
        }
    }

    private static void inOrder(LoginParameters parameters, Key key) {
        if (parameters.offers().getOrDefault(key, key.defaultValue()).equals("No")) {
            throw new IllegalArgumentException(key + "=No is not supported");
        }
    }
}
