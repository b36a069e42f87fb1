// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.LoginIdentity;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.login.SendTargets;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.TextRequest;
import org.lunlock.iscsi.pdu.TextResponse;
import org.lunlock.iscsi.transport.PduExchange;

/** A discovery session: asks a portal for its targets. RFC 7143 §4.3 (iSCSI Session Types). */
public final class Discovery {
    /** Some thousands of targets; a longer answer is refused, not stored. */
    private static final int TEXT_BYTES_MAX = 1 << 20;

    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    private Discovery() {}

    /**
     * Logs in, asks with SendTargets=All, logs out. Waits no longer than the login time-out for the
     * whole of it.
     */
    public static List<SendTargets.DiscoveredTarget> sendTargets(
            Portal portal,
            IscsiName initiator,
            Isid isid,
            @Nullable Credentials credentials,
            LoginParameters parameters,
            Timeouts timeouts)
            throws IscsiException {
        LoginIdentity identity = LoginIdentity.discovery(initiator, isid, 1);
        SessionOptions options =
                new SessionOptions(
                        portal, initiator, initiator, isid, credentials, parameters, timeouts);
        SessionLogin login = SessionLogin.logIn(options, identity);
        Settings settings = login.settings();
        login.exchange()
                .negotiated(
                        settings.initiatorMaxRecvDataSegmentLength(),
                        settings.headerDigest(),
                        settings.dataDigest());
        try {
            return SendTargets.parse(ask(login));
        } finally {
            login.socket().close();
        }
    }

    private static ByteBuffer ask(SessionLogin login) throws IscsiException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        int cmdSn = login.settings().expCmdSn();
        int expStatSn = SerialNumber.next(login.settings().statSn());
        ByteBuffer question = SendTargets.requestAll();
        int targetTransferTag = Bhs.RESERVED_TAG;
        long lun = 0;
        boolean more = true;
        while (more) {
            PduExchange.Answer answer =
                    login.exchange()
                            .exchange(
                                    new TextRequest(
                                            false,
                                            true,
                                            false,
                                            question.remaining(),
                                            lun,
                                            0,
                                            targetTransferTag,
                                            cmdSn,
                                            expStatSn),
                                    question);
            if (!(answer.pdu() instanceof TextResponse response)) {
                throw new ProtocolException("a Text Request was answered with " + answer.pdu());
            }
            if (text.size() + answer.data().remaining() > TEXT_BYTES_MAX) {
                throw new ProtocolException("more than 1 MiB of answer to SendTargets");
            }
            byte[] bytes = new byte[answer.data().remaining()];
            answer.data().get(bytes);
            text.writeBytes(bytes);
            cmdSn = SerialNumber.next(cmdSn);
            expStatSn = SerialNumber.next(response.statSn());
            targetTransferTag = response.targetTransferTag();
            lun = response.lun();
            question = ByteBuffer.allocate(0);
            more = !response.isFinal();
            if (more && targetTransferTag == Bhs.RESERVED_TAG) {
                throw new ProtocolException("a Text Response goes on without a transfer tag");
            }
        }
        logOut(login, cmdSn, expStatSn);
        return ByteBuffer.wrap(text.toByteArray());
    }

    /** What was asked for is here, so that a goodbye which fails fails nothing. */
    private static void logOut(SessionLogin login, int cmdSn, int expStatSn) {
        try {
            login.exchange()
                    .exchange(
                            new LogoutRequest(
                                    true,
                                    LogoutRequest.Reason.CLOSE_SESSION,
                                    1,
                                    0,
                                    cmdSn,
                                    expStatSn),
                            ByteBuffer.allocate(0));
        } catch (IscsiException e) {
            LOG.log(DEBUG, "left the discovery session without a Logout Response", e);
        }
    }
}
