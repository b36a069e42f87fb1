// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static java.lang.System.Logger.Level.DEBUG;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.LoginAnswer;
import org.lunlock.iscsi.login.LoginChannel;
import org.lunlock.iscsi.login.LoginDialogue;
import org.lunlock.iscsi.login.LoginIdentity;
import org.lunlock.iscsi.login.LoginOutcome;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.session.Timeouts.Step;
import org.lunlock.iscsi.transport.PduExchange;
import org.lunlock.iscsi.transport.PduSocket;

/**
 * A connection that has been logged in with, and is nobody's yet.
 *
 * @param exchange what the login was said through; a discovery session goes on with it
 */
record SessionLogin(PduSocket socket, PduExchange exchange, Settings settings) {
    /** What a target may send in one PDU before it has learnt our MaxRecvDataSegmentLength. */
    private static final int SEGMENT_BYTES_MAX = 8192;

    /** RFC 7143 sets no bound; more than this is a loop. */
    private static final int REDIRECTIONS_MAX = 8;

    private static final int FIRST_CMD_SN = 1;

    /** RFC 7143 §11.13.5 (Status-Class and Status-Detail). */
    private static final int INITIATOR_ERROR = 0x0200;

    private static final System.Logger LOG = System.getLogger("org.lunlock.iscsi.session");

    /** Logs in to the target of the options, following redirections. */
    static SessionLogin logIn(SessionOptions options) throws IscsiException {
        return logIn(options, identity(options));
    }

    private static LoginIdentity identity(SessionOptions options) {
        return LoginIdentity.normal(
                options.initiator(), options.isid(), FIRST_CMD_SN, options.target());
    }

    /**
     * Logs one more connection of a session in, or one in the place of a lost one.
     *
     * @param session what was agreed on for it
     * @param cmdSn of the session's next command
     * @param expStatSn of the lost connection, 0 when there was none
     */
    static SessionLogin join(
            SessionOptions options, Settings session, int cid, int cmdSn, int expStatSn)
            throws IscsiException {
        return logIn(options, identity(options).joining(session, cid, cmdSn, expStatSn));
    }

    /**
     * Logs in as {@code identity}, following redirections. Where the target refuses to authenticate
     * us, once more with MD5 alone, if that is among the CHAP algorithms.
     *
     * @throws LoginException when the target refuses
     */
    static SessionLogin logIn(SessionOptions options, LoginIdentity identity)
            throws IscsiException {
        try {
            return attempt(options, options.parameters(), identity);
        } catch (LoginException e) {
            LoginParameters md5 = options.parameters().withMd5Alone();
            if (options.credentials() == null || md5 == null || !isAboutAuthentication(e)) {
                throw e;
            }
            LOG.log(DEBUG, "{0}; once more with MD5 alone", e.getMessage());
            return attempt(options, md5, identity);
        }
    }

    private static boolean isAboutAuthentication(LoginException e) {
        return e.status() == LoginException.AUTHENTICATION_FAILURE || e.status() == INITIATOR_ERROR;
    }

    private static SessionLogin attempt(
            SessionOptions options, LoginParameters parameters, LoginIdentity identity)
            throws IscsiException {
        Portal portal = options.portal();
        for (int i = 0; i <= REDIRECTIONS_MAX; i++) {
            PduSocket socket = PduSocket.connect(portal, options.timeouts().of(Step.LOGIN));
            boolean keep = false;
            try {
                PduExchange exchange =
                        new PduExchange(
                                socket, options.timeouts().of(Step.LOGIN), SEGMENT_BYTES_MAX);
                LoginOutcome outcome =
                        new LoginDialogue(
                                        identity,
                                        parameters,
                                        options.credentials(),
                                        channel(exchange))
                                .run();
                switch (outcome) {
                    case LoginOutcome.LoggedIn loggedIn -> {
                        keep = true;
                        return new SessionLogin(socket, exchange, loggedIn.settings());
                    }
                    case LoginOutcome.Redirected elsewhere -> portal = elsewhere.portal();
                }
            } finally {
                if (!keep) {
                    socket.close();
                }
            }
        }
        throw new LoginException(
                0x0101,
                "portal "
                        + options.portal()
                        + " redirects in circles (last to "
                        + portal
                        + ", after "
                        + REDIRECTIONS_MAX
                        + " redirections)");
    }

    private static LoginChannel channel(PduExchange exchange) {
        return new LoginChannel() {
            @Override
            public LoginAnswer exchange(LoginRequest request, ByteBuffer text)
                    throws IscsiException {
                PduExchange.Answer answer = exchange.exchange(request, text);
                if (answer.pdu() instanceof LoginResponse response) {
                    return new LoginAnswer(response, answer.data());
                }
                throw new ProtocolException("the target answered a login with " + answer.pdu());
            }
        };
    }
}
