// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.Secret;

/**
 * One CHAP authentication, in three steps: {@link #offer}, {@link #answer} what the target
 * challenges, {@link #verify} what it proves. RFC 7143 §12.1.3 (Challenge Handshake Authentication
 * Protocol (CHAP)).
 *
 * <p>No message holds a secret, a challenge or a response.
 */
final class Chap {
    private static final String ALGORITHM = "CHAP_A";
    private static final String IDENTIFIER = "CHAP_I";
    private static final String CHALLENGE = "CHAP_C";
    private static final String NAME = "CHAP_N";
    private static final String RESPONSE = "CHAP_R";

    /** Bytes in a binary value. */
    private static final int BINARY_LENGTH_MAX = 1024;

    private static final int IDENTIFIER_MAX = 255;

    private final String targetText;
    private final Credentials credentials;
    private final List<ChapAlgorithm> algorithms;
    private final RandomGenerator random;

    /** What only a target that knows its secret can send back; set by {@link #answer}. */
    private byte @Nullable [] expectedProof;

    /**
     * Refuses credentials that would let the target answer its own challenge with what it learns
     * from us. RFC 7143 §9.2.1 (CHAP Considerations).
     *
     * @param random for challenges, so nobody may be able to guess it
     * @throws LoginException when both directions have the same secret
     */
    Chap(
            String targetText,
            Credentials credentials,
            List<ChapAlgorithm> algorithms,
            RandomGenerator random)
            throws LoginException {
        this.targetText = targetText;
        this.credentials = credentials;
        this.algorithms = algorithms;
        this.random = random;
        Credentials.Mutual mutual = credentials.mutual();
        if (mutual != null && mutual.secret().equals(credentials.secret())) {
            throw new LoginException(
                    0, "the CHAP secrets of initiator and " + targetText + " must differ");
        }
    }

    static boolean isKey(String name) {
        return name.startsWith("CHAP_");
    }

    /** The first step: the algorithms we can do. */
    List<TextKey> offer() {
        String numbers =
                algorithms.stream()
                        .map(algorithm -> Integer.toString(algorithm.number()))
                        .collect(Collectors.joining(","));
        return List.of(new TextKey(ALGORITHM, numbers));
    }

    /**
     * The second step: our name and response, and our own challenge where the target has to prove
     * itself too.
     *
     * @throws LoginException when the target can do no algorithm that we offered
     * @throws ProtocolException when its challenge is not one
     */
    List<TextKey> answer(Map<String, String> received) throws ProtocolException, LoginException {
        ChapAlgorithm algorithm = algorithm(value(received, ALGORITHM));
        int identifier = identifier(value(received, IDENTIFIER));
        byte[] challenge = binary(CHALLENGE, value(received, CHALLENGE));

        List<TextKey> answer = new ArrayList<>();
        answer.add(new TextKey(NAME, credentials.user()));
        byte[] response = response(algorithm, identifier, credentials.secret(), challenge);
        answer.add(new TextKey(RESPONSE, hex(response)));
        Credentials.Mutual mutual = credentials.mutual();
        if (mutual != null) {
            int ourIdentifier = random.nextInt(IDENTIFIER_MAX + 1);
            byte[] ourChallenge = newChallenge(algorithm, challenge);
            answer.add(new TextKey(IDENTIFIER, Integer.toString(ourIdentifier)));
            answer.add(new TextKey(CHALLENGE, hex(ourChallenge)));
            expectedProof = response(algorithm, ourIdentifier, mutual.secret(), ourChallenge);
        }
        return answer;
    }

    /**
     * The third step: whether the target is who it should be. Without mutual credentials it need
     * not be anybody.
     *
     * @throws LoginException when it did not prove it
     */
    void verify(Map<String, String> received) throws ProtocolException, LoginException {
        Credentials.Mutual mutual = credentials.mutual();
        if (mutual == null) {
            return;
        }
        String name = received.get(NAME);
        String proof = received.get(RESPONSE);
        if (name == null || proof == null) {
            throw new LoginException(
                    0, targetText + " did not prove itself, though mutual CHAP was asked for");
        }
        if (!MessageDigest.isEqual(expectedProof, binary(RESPONSE, proof))) {
            throw new LoginException(
                    0, targetText + " did not prove itself: it does not know the mutual secret");
        }
        if (!name.equals(mutual.user())) {
            throw new LoginException(
                    0,
                    "%s proved itself as '%s', not as '%s'"
                            .formatted(targetText, TextKeys.printable(name), mutual.user()));
        }
    }

    /** RFC 1994 §4.1 (Challenge and Response). */
    static byte[] response(
            ChapAlgorithm algorithm, int identifier, Secret secret, byte[] challenge) {
        MessageDigest digest = algorithm.messageDigest();
        digest.update((byte) identifier);
        digest.update(secret.bytes());
        return digest.digest(challenge);
    }

    /** As long as the digest, and never the challenge that the target just sent. */
    private byte[] newChallenge(ChapAlgorithm algorithm, byte[] theirs) {
        byte[] challenge = new byte[algorithm.messageDigest().getDigestLength()];
        do {
            random.nextBytes(challenge);
        } while (Arrays.equals(challenge, theirs));
        return challenge;
    }

    private ChapAlgorithm algorithm(String value) throws ProtocolException, LoginException {
        for (ChapAlgorithm algorithm : algorithms) {
            if (value.equals(Integer.toString(algorithm.number()))) {
                return algorithm;
            }
        }
        if (ResultFunction.isRefusal(value)) {
            throw new LoginException(
                    LoginException.AUTHENTICATION_FAILURE,
                    targetText + " can do none of the CHAP algorithms " + algorithms);
        }
        throw new ProtocolException("CHAP_A=" + TextKeys.printable(value) + " was not offered");
    }

    private static String value(Map<String, String> received, String name)
            throws ProtocolException {
        String value = received.get(name);
        if (value == null) {
            throw new ProtocolException("CHAP without " + name);
        }
        return value;
    }

    private static int identifier(String value) throws ProtocolException {
        int identifier = NumericalValue.parse(value);
        if (identifier < 0 || identifier > IDENTIFIER_MAX) {
            throw new ProtocolException("CHAP_I is not a number in 0..255");
        }
        return identifier;
    }

    /** A binary value in hexadecimal (0x) or base64 (0b). RFC 7143 §6.1 (Text Format). */
    static byte[] binary(String name, String value) throws ProtocolException {
        byte[] bytes;
        try {
            bytes = decode(value);
        } catch (IllegalArgumentException e) {
            // Without its cause, which shows the value.
            throw new ProtocolException(name + " is not a binary value");
        }
        if (bytes.length == 0 || bytes.length > BINARY_LENGTH_MAX) {
            throw new ProtocolException(
                    "%s has %d bytes, not 1..%d".formatted(name, bytes.length, BINARY_LENGTH_MAX));
        }
        return bytes;
    }

    private static byte[] decode(String value) {
        if (value.startsWith("0x") || value.startsWith("0X")) {
            return HexFormat.of().parseHex(value, 2, value.length());
        }
        if (value.startsWith("0b") || value.startsWith("0B")) {
            return Base64.getDecoder().decode(value.substring(2));
        }
        throw new IllegalArgumentException("neither 0x nor 0b");
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
