// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.lunlock.iscsi.login.ResultFunction.IRRELEVANT;
import static org.lunlock.iscsi.login.ResultFunction.NONE;
import static org.lunlock.iscsi.login.ResultFunction.NOT_UNDERSTOOD;
import static org.lunlock.iscsi.login.ResultFunction.YES;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.pdu.LoginResponse;

/**
 * The operational keys of one login: what was offered, what came back, what is agreed. RFC 7143
 * §6.2 (Text Mode Negotiation).
 *
 * <p>A key of ours that the target leaves out, rejects or does not understand ends as if the target
 * had answered with the default: the result is inside our offer, and inside what the target goes
 * by.
 */
final class Negotiation {
    private final LoginIdentity identity;

    /** What we say, in the order of the table. */
    private final Map<Key, String> offers = new EnumMap<>(Key.class);

    /** What the target said: results of its answers and of its own offers, its declarations. */
    private final Map<Key, String> results = new EnumMap<>(Key.class);

    private final List<TextKey> replies = new ArrayList<>();

    /** One of these replies is to an offer whose result the target cannot know without it. */
    private boolean answerOwed;

    Negotiation(LoginIdentity identity, LoginParameters parameters) {
        this.identity = identity;
        parameters
                .offers()
                .forEach((key, value) -> {
                    if (isRelevant(key)) {
                        offers.put(key, value);
                    }
                });
    }

    /** The keys to begin with. */
    List<TextKey> offers() {
        return offers.entrySet().stream().map(e -> TextKey.of(e.getKey(), e.getValue())).toList();
    }

    /** The answers to what the target offered since the last call. */
    List<TextKey> takeReplies() {
        List<TextKey> taken = List.copyOf(replies);
        replies.clear();
        answerOwed = false;
        return taken;
    }

    /**
     * Takes one key from the target.
     *
     * @throws ProtocolException when the value is illegal, or answers outside our offer
     */
    void receive(TextKey received) throws ProtocolException {
        Key key = Key.of(received.name());
        String value = received.value();
        if (key == null) {
            replies.add(new TextKey(received.name(), NOT_UNDERSTOOD));
        } else if (key.function() == ResultFunction.DECLARATIVE) {
            results.put(key, key.read(value));
        } else if (!offers.containsKey(key)) {
            receiveOffer(key, value);
        } else if (!isDeclined(key, value)) {
            results.put(key, key.result(ours(key), value));
        }
    }

    /** tgt 1.0.85 answers None where it should reject a list that has nothing it can do. */
    private static boolean isDeclined(Key key, String value) {
        boolean nothing = key.function() == ResultFunction.LIST && value.equals(NONE);
        return ResultFunction.isRefusal(value) || nothing;
    }

    /** LIO offers every key that it was not offered, and waits for the answers. */
    private void receiveOffer(Key key, String value) throws ProtocolException {
        String offer = key.read(value);
        if (!isRelevant(key)) {
            replies.add(TextKey.of(key, IRRELEVANT));
            return;
        }
        String result = key.function().combine(offer, key.defaultValue());
        replies.add(TextKey.of(key, result));
        if (!ResultFunction.isRefusal(result)) {
            results.put(key, result);
        }
        answerOwed |= !key.function().isDecidedBy(offer);
    }

    private boolean isRelevant(Key key) {
        boolean agreed = !identity.isLeading() && key.isOfLeadingLogin();
        return !agreed && !(identity.isDiscovery() && key.isIrrelevantInDiscovery());
    }

    /**
     * What is agreed once the target has gone over to the full feature phase.
     *
     * @throws ProtocolException when the target left without waiting for our answer
     * @throws LoginException when we insist on a digest that the target does not do
     */
    Settings settings(LoginResponse last) throws ProtocolException, LoginException {
        if (answerOwed) {
            throw new ProtocolException("the target ended the login with an offer of its own");
        }
        checkTsih(last.tsih());
        Settings own = ownSettings(last);
        Settings session = identity.session();
        return session == null ? own : own.in(session);
    }

    private Settings ownSettings(LoginResponse last) throws LoginException {
        int maxBurstLength = number(Key.MAX_BURST_LENGTH);
        String tag = results.get(Key.TARGET_PORTAL_GROUP_TAG);
        return new Settings(
                last.tsih(),
                tag == null ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(tag)),
                digest(Key.HEADER_DIGEST),
                digest(Key.DATA_DIGEST),
                number(Key.MAX_CONNECTIONS),
                bool(Key.INITIAL_R2T),
                bool(Key.IMMEDIATE_DATA),
                Integer.parseInt(ours(Key.MAX_RECV_DATA_SEGMENT_LENGTH)),
                number(Key.MAX_RECV_DATA_SEGMENT_LENGTH),
                maxBurstLength,
                // The two are negotiated apart, and a first burst is a burst.
                Math.min(number(Key.FIRST_BURST_LENGTH), maxBurstLength),
                number(Key.DEFAULT_TIME2WAIT),
                number(Key.DEFAULT_TIME2RETAIN),
                number(Key.MAX_OUTSTANDING_R2T),
                number(Key.ERROR_RECOVERY_LEVEL),
                number(Key.ISCSI_PROTOCOL_LEVEL),
                last.statSn(),
                last.expCmdSn(),
                last.maxCmdSn());
    }

    /** RFC 7143 §11.13.3 (TSIH). */
    private void checkTsih(int tsih) throws ProtocolException {
        if (tsih == 0 && !identity.isDiscovery()) {
            throw new ProtocolException("the target gives the new session no TSIH");
        }
        if (identity.tsih() != 0 && tsih != identity.tsih()) {
            throw new ProtocolException(
                    "the target put the connection into session %d, not %d"
                            .formatted(tsih, identity.tsih()));
        }
    }

    private String ours(Key key) {
        return offers.getOrDefault(key, key.defaultValue());
    }

    private String result(Key key) {
        String result = results.get(key);
        if (result != null) {
            return result;
        }
        return key.function() == ResultFunction.DECLARATIVE
                ? key.defaultValue()
                : key.function().combine(ours(key), key.defaultValue());
    }

    private int number(Key key) {
        return Integer.parseInt(result(key));
    }

    private boolean bool(Key key) {
        return result(key).equals(YES);
    }

    private boolean digest(Key key) throws LoginException {
        String result = result(key);
        if (ResultFunction.isRefusal(result)) {
            throw new LoginException(
                    0,
                    "%s does not do %s=%s, which is required"
                            .formatted(identity.targetText(), key, ours(key)));
        }
        return !result.equals(NONE);
    }
}
