// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.lunlock.iscsi.login.Key.AUTH_METHOD;
import static org.lunlock.iscsi.login.ResultFunction.NONE;
import static org.lunlock.iscsi.pdu.Stage.FULL_FEATURE_PHASE;
import static org.lunlock.iscsi.pdu.Stage.LOGIN_OPERATIONAL_NEGOTIATION;
import static org.lunlock.iscsi.pdu.Stage.SECURITY_NEGOTIATION;

import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.LoginOutcome.LoggedIn;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.pdu.Stage;

/**
 * Logs one connection in, from its first Login Request to the full feature phase. Runs in the
 * caller's thread, once; only its channel waits. RFC 7143 §6.3 (Login Phase).
 */
public final class LoginDialogue {
    private static final String CHAP = "CHAP";

    private final LoginIdentity identity;
    private final LoginParameters parameters;
    private final @Nullable Credentials credentials;
    private final LoginExchange exchange;
    private final Negotiation negotiation;

    /**
     * @param credentials null to log in without authentication
     */
    public LoginDialogue(
            LoginIdentity identity,
            LoginParameters parameters,
            @Nullable Credentials credentials,
            LoginChannel channel) {
        this.identity = identity;
        this.parameters = parameters;
        this.credentials = credentials;
        this.exchange = new LoginExchange(identity, channel);
        this.negotiation = new Negotiation(identity, parameters);
    }

    /**
     * Logs in. After an exception, or once redirected, the connection is of no more use.
     *
     * @throws LoginException when the target refuses, or does not prove who it is
     * @throws ProtocolException when it breaks the rules of the login
     * @throws IscsiException what else the channel throws
     */
    public LoginOutcome run() throws IscsiException {
        try {
            List<TextKey> keys = introduction();
            if (credentials != null) {
                negotiateSecurity(credentials, keys);
                keys = List.of();
            }
            return new LoggedIn(negotiateOperational(keys));
        } catch (RedirectedException redirected) {
            return redirected.outcome();
        }
    }

    /**
     * Proves who we are, and has the target prove it where that is wanted. RFC 7143 §6.3.2 (iSCSI
     * Security Negotiation).
     *
     * <p>Left out without credentials: LIO cuts the connection when it wants CHAP and is offered
     * AuthMethod=None here, but says why when this stage is skipped.
     */
    private void negotiateSecurity(Credentials ours, List<TextKey> introduction)
            throws IscsiException, RedirectedException {
        Chap chap =
                new Chap(
                        identity.targetText(),
                        ours,
                        parameters.chapAlgorithms(),
                        new SecureRandom());
        // A target that must prove itself is not offered a way around it.
        String methods = ours.mutual() == null ? CHAP + "," + NONE : CHAP;
        List<TextKey> keys = new ArrayList<>(introduction);
        keys.add(TextKey.of(AUTH_METHOD, methods));

        Heard heard = say(SECURITY_NEGOTIATION, SECURITY_NEGOTIATION, keys);
        if (chosen(methods, heard).equals(CHAP)) {
            heard = say(SECURITY_NEGOTIATION, SECURITY_NEGOTIATION, chap.offer());
            List<TextKey> answer = chap.answer(heard.security());
            heard = say(SECURITY_NEGOTIATION, LOGIN_OPERATIONAL_NEGOTIATION, answer);
            chap.verify(heard.security());
        }
        while (!heard.response().transit()) {
            heard = say(SECURITY_NEGOTIATION, LOGIN_OPERATIONAL_NEGOTIATION, List.of());
        }
    }

    /** RFC 7143 §6.3.3 (Operational Parameter Negotiation during the Login Phase). */
    private Settings negotiateOperational(List<TextKey> introduction)
            throws IscsiException, RedirectedException {
        List<TextKey> keys = new ArrayList<>(introduction);
        keys.addAll(negotiation.offers());
        Heard heard = say(LOGIN_OPERATIONAL_NEGOTIATION, FULL_FEATURE_PHASE, keys);
        while (!heard.response().transit()) {
            heard = say(LOGIN_OPERATIONAL_NEGOTIATION, FULL_FEATURE_PHASE, List.of());
        }
        return negotiation.settings(heard.response());
    }

    private String chosen(String methods, Heard heard) throws LoginException, ProtocolException {
        String method = heard.security().get(AUTH_METHOD.text());
        if (method == null) {
            throw new ProtocolException(identity.targetText() + " chose no AuthMethod");
        }
        if (ResultFunction.isRefusal(method)) {
            throw refusal("does not do CHAP");
        }
        if (method.equals(NONE) && methods.equals(CHAP)) {
            throw refusal("did not prove itself, though mutual CHAP was asked for");
        }
        return AUTH_METHOD.result(methods, method);
    }

    private LoginException refusal(String why) {
        return new LoginException(0, identity.targetText() + " " + why);
    }

    /** Who we are and what we want; nowhere but in the first request. */
    private List<TextKey> introduction() {
        List<TextKey> keys = new ArrayList<>();
        keys.add(TextKey.of(Key.INITIATOR_NAME, identity.initiator().value()));
        IscsiName target = identity.target();
        if (target == null) {
            keys.add(TextKey.of(Key.SESSION_TYPE, "Discovery"));
        } else {
            if (identity.isLeading()) {
                keys.add(TextKey.of(Key.SESSION_TYPE, "Normal"));
            }
            keys.add(TextKey.of(Key.TARGET_NAME, target.value()));
        }
        return keys;
    }

    /** What the target said, without the keys that the negotiation took. */
    private record Heard(LoginResponse response, Map<String, String> security) {}

    /** Says keys, and what the target's own offers still need; takes in the answer. */
    private Heard say(Stage current, Stage next, List<TextKey> keys)
            throws IscsiException, RedirectedException {
        List<TextKey> said = new ArrayList<>(keys);
        said.addAll(negotiation.takeReplies());
        LoginExchange.Answer answer = exchange.say(current, next, said);
        Map<String, String> security = new HashMap<>();
        for (TextKey key : answer.keys()) {
            if (Chap.isKey(key.name()) || key.name().equals(AUTH_METHOD.text())) {
                security.put(key.name(), key.value());
            } else {
                negotiation.receive(key);
            }
        }
        return new Heard(answer.response(), security);
    }
}
