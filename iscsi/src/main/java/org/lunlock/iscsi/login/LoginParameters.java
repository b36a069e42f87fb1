// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the initiator offers in a login. Begin with {@link #DEFAULTS} and change what differs.
 *
 * @param offers the value of every key that is sent; a key that is not stays at its default
 * @param chapAlgorithms the CHAP algorithms in the order of preference
 */
public record LoginParameters(Map<Key, String> offers, List<ChapAlgorithm> chapAlgorithms) {

    /**
     * What suits bulk data on a LAN: unsolicited data, bursts of up to 16 MiB, eight R2Ts at once,
     * no digests, no recovery within a session, every CHAP algorithm. How long to stay away from a
     * lost session is left to the target.
     */
    public static final LoginParameters DEFAULTS =
            new LoginParameters(
                    Map.ofEntries(
                            Map.entry(Key.HEADER_DIGEST, "None"),
                            Map.entry(Key.DATA_DIGEST, "None"),
                            Map.entry(Key.MAX_CONNECTIONS, "1"),
                            Map.entry(Key.INITIAL_R2T, "No"),
                            Map.entry(Key.IMMEDIATE_DATA, "Yes"),
                            Map.entry(Key.MAX_RECV_DATA_SEGMENT_LENGTH, "262144"),
                            Map.entry(Key.MAX_BURST_LENGTH, "16776192"),
                            Map.entry(Key.FIRST_BURST_LENGTH, "262144"),
                            Map.entry(Key.DEFAULT_TIME2WAIT, "0"),
                            Map.entry(Key.DEFAULT_TIME2RETAIN, "0"),
                            Map.entry(Key.MAX_OUTSTANDING_R2T, "8"),
                            Map.entry(Key.DATA_PDU_IN_ORDER, "Yes"),
                            Map.entry(Key.DATA_SEQUENCE_IN_ORDER, "Yes"),
                            Map.entry(Key.ERROR_RECOVERY_LEVEL, "0")),
                    ChapAlgorithm.STRONGEST_FIRST);

    public LoginParameters {
        Map<Key, String> checked = new EnumMap<>(Key.class);
        offers.forEach((key, value) -> {
            if (!isOfferable(key)) {
                throw new IllegalArgumentException(key + " is not for a caller to offer");
            }
            checked.put(key, key.canonical(value));
        });
        offers = Collections.unmodifiableMap(checked);
        chapAlgorithms = List.copyOf(chapAlgorithms);
        if (chapAlgorithms.isEmpty()) {
            throw new IllegalArgumentException("CHAP needs an algorithm");
        }
    }

    /**
     * The same with another value for one key.
     *
     * @throws IllegalArgumentException when the key cannot have it or is not for a caller to offer
     */
    public LoginParameters with(Key key, String value) {
        Map<Key, String> changed = new EnumMap<>(Key.class);
        changed.putAll(offers);
        changed.put(key, value);
        return new LoginParameters(changed, chapAlgorithms);
    }

    public LoginParameters with(Key key, int value) {
        return with(key, Integer.toString(value));
    }

    public LoginParameters with(Key key, boolean value) {
        return with(key, value ? ResultFunction.YES : ResultFunction.NO);
    }

    /**
     * Offers an ErrorRecoveryLevel: 0, 1, or 2, for which the target is asked to keep the tasks of
     * lost connections as long as RFC 7143 §13.16 (DefaultTime2Retain) has it by default.
     */
    public LoginParameters withErrorRecoveryLevel(int level) {
        Key retain = Key.DEFAULT_TIME2RETAIN;
        return with(Key.ERROR_RECOVERY_LEVEL, level)
                .with(retain, level == 2 ? retain.defaultValue() : "0");
    }

    public LoginParameters withHeaderDigest(Digest digest) {
        return with(Key.HEADER_DIGEST, digest.offer());
    }

    public LoginParameters withDataDigest(Digest digest) {
        return with(Key.DATA_DIGEST, digest.offer());
    }

    public LoginParameters withChapAlgorithms(List<ChapAlgorithm> algorithms) {
        return new LoginParameters(offers, algorithms);
    }

    /**
     * The same with MD5 as the only CHAP algorithm: for targets that cannot read a list of them, or
     * take another algorithm for what its number says. LIO before Linux 3.15 refuses any list that
     * holds something else; tgt 1.0.85 takes 7 for SHA-1.
     *
     * @return null when that is what is offered already, or MD5 is not to be used
     */
    public @Nullable LoginParameters withMd5Alone() {
        boolean refused = !chapAlgorithms.contains(ChapAlgorithm.MD5);
        if (refused || chapAlgorithms.size() == 1) {
            return null;
        }
        return withChapAlgorithms(List.of(ChapAlgorithm.MD5));
    }

    /** The rest is said by the dialogue itself, or by targets, or by nobody any more. */
    private static boolean isOfferable(Key key) {
        return switch (key) {
            case HEADER_DIGEST,
                    DATA_DIGEST,
                    MAX_CONNECTIONS,
                    INITIATOR_ALIAS,
                    INITIAL_R2T,
                    IMMEDIATE_DATA,
                    MAX_RECV_DATA_SEGMENT_LENGTH,
                    MAX_BURST_LENGTH,
                    FIRST_BURST_LENGTH,
                    DEFAULT_TIME2WAIT,
                    DEFAULT_TIME2RETAIN,
                    MAX_OUTSTANDING_R2T,
                    DATA_PDU_IN_ORDER,
                    DATA_SEQUENCE_IN_ORDER,
                    ERROR_RECOVERY_LEVEL,
                    TASK_REPORTING,
                    ISCSI_PROTOCOL_LEVEL ->
                    true;
            case AUTH_METHOD,
                    SEND_TARGETS,
                    TARGET_NAME,
                    INITIATOR_NAME,
                    TARGET_ALIAS,
                    TARGET_ADDRESS,
                    TARGET_PORTAL_GROUP_TAG,
                    SESSION_TYPE,
                    IF_MARKER,
                    OF_MARKER ->
                    false;
        };
    }
}
