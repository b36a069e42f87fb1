// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.Secret;

class ChapTest {
    private static final Secret OURS = Secret.of("hogehogehoge");
    private static final Secret THEIRS = Secret.of("mutualsecret");
    private static final Credentials ONE_WAY = new Credentials("hogehoge", OURS, null);
    private static final Credentials MUTUAL =
            new Credentials("hogehoge", OURS, new Credentials.Mutual("target", THEIRS));
    private static final byte[] CHALLENGE =
            HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f");

    /** Computed apart from this code: digest of a5, hogehogehoge, 00..0f. */
    @ParameterizedTest
    @CsvSource({
        "MD5,5,75c676baa01eb8b5561982b4ac4c2b5e",
        "SHA_1,6,d442195aead2b33b3f034adae486601695a30d02",
        "SHA_256,7,43c117f236d0bd0dda0f0bf7795898c69671fa8f08b2a6d7ebcd67072e5d6ffd",
        "SHA3_256,8,20e983d563dbc341c4d08c8476fbd4497609598b416275c90fde644d58cfa4b2",
    })
    void everyAlgorithmHasItsNumberAndItsResponse(
            ChapAlgorithm algorithm, int number, String response) {
        assertThat(algorithm.number()).isEqualTo(number);
        assertThat(Chap.response(algorithm, 0xa5, OURS, CHALLENGE))
                .isEqualTo(HexFormat.of().parseHex(response));
    }

    @Test
    void offersAlgorithmsInOrderOfPreference() throws LoginException {
        Chap chap = chap(ONE_WAY, ChapAlgorithm.SHA3_256, ChapAlgorithm.MD5);
        assertThat(chap.offer()).containsExactly(new TextKey("CHAP_A", "8,5"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0x000102030405060708090a0b0c0d0e0f",
                "0X000102030405060708090A0B0C0D0E0F",
                "0bAAECAwQFBgcICQoLDA0ODw==",
                "0BAAECAwQFBgcICQoLDA0ODw",
            })
    void challengeIsReadInHexadecimalAndBase64(String challenge) throws IscsiException {
        List<TextKey> answer =
                chap(ONE_WAY, ChapAlgorithm.MD5).answer(challenge("5", "165", challenge));
        assertThat(answer)
                .containsExactly(
                        new TextKey("CHAP_N", "hogehoge"),
                        new TextKey("CHAP_R", "0x75c676baa01eb8b5561982b4ac4c2b5e"));
    }

    @Test
    void challengeMayHave1024Bytes() throws IscsiException {
        Chap chap = chap(ONE_WAY, ChapAlgorithm.MD5);
        assertThat(chap.answer(challenge("5", "0", "0x" + "5a".repeat(1024)))).hasSize(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0x", "0b", "0x123", "0xgg", "0b!!", "000102", "hello"})
    void challengeThatIsNoBinaryValueIsRefused(String challenge) {
        assertRefused(challenge("5", "1", challenge), "CHAP_C");
    }

    @Test
    void challengeThatIsTooLongIsRefused() {
        assertRefused(challenge("5", "1", "0x" + "5a".repeat(1025)), "1025 bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "256", "", "a", "99999999999"})
    void identifierIsOneByte(String identifier) {
        assertRefused(challenge("5", identifier, "0x01"), "CHAP_I");
    }

    @Test
    void algorithmThatWasNotOfferedIsRefused() {
        assertRefused(challenge("7", "1", "0x01"), "CHAP_A=7 was not offered");
    }

    @Test
    void keyThatIsMissingIsNamed() {
        assertRefused(Map.of("CHAP_A", "5", "CHAP_I", "1"), "CHAP_C");
        assertRefused(Map.of("CHAP_A", "5", "CHAP_C", "0x01"), "CHAP_I");
        assertRefused(Map.of(), "CHAP_A");
    }

    @Test
    void targetThatCanDoNoAlgorithmIsNoProtocolError() {
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(
                        () -> chap(ONE_WAY, ChapAlgorithm.MD5).answer(Map.of("CHAP_A", "Reject")))
                .withMessageContaining("MD5");
    }

    @ParameterizedTest
    @CsvSource({"MD5,16", "SHA_1,20", "SHA_256,32", "SHA3_256,32"})
    void targetThatKnowsTheSecretIsBelieved(ChapAlgorithm algorithm, int length)
            throws IscsiException {
        Chap chap = chap(MUTUAL, algorithm);
        String number = Integer.toString(algorithm.number());
        Map<String, String> asked = LoginScript.map(chap.answer(challenge(number, "1", "0x0102")));
        chap.verify(Map.of("CHAP_N", "target", "CHAP_R", hex(prove(algorithm, asked, THEIRS))));
        assertThat(Chap.binary("CHAP_C", asked.getOrDefault("CHAP_C", ""))).hasSize(length);
    }

    @Test
    void theStrongestAlgorithmIsPreferred() throws LoginException {
        Chap chap =
                new Chap(
                        "the target",
                        ONE_WAY,
                        LoginParameters.DEFAULTS.chapAlgorithms(),
                        new SplittableRandom(1));
        assertThat(chap.offer()).containsExactly(new TextKey("CHAP_A", "8,7,6,5"));
    }

    @Test
    void targetThatDoesNotKnowTheSecretIsRefused() throws IscsiException {
        Chap chap = chap(MUTUAL, ChapAlgorithm.SHA_256);
        Map<String, String> asked = LoginScript.map(chap.answer(challenge("7", "1", "0x0102")));
        byte[] proof = prove(ChapAlgorithm.SHA_256, asked, Secret.of("anothersecret"));
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> chap.verify(Map.of("CHAP_N", "target", "CHAP_R", hex(proof))))
                .withMessageContaining("does not know the mutual secret")
                .satisfies(e -> assertThat(e.status()).isZero());
    }

    /** The target sends back what we proved to it. */
    @Test
    void ourOwnResponseIsNoProof() throws IscsiException {
        Chap chap = chap(MUTUAL, ChapAlgorithm.MD5);
        Map<String, String> asked = LoginScript.map(chap.answer(challenge("5", "1", "0x0102")));
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() ->
                        chap.verify(Map.of("CHAP_N", "target", "CHAP_R", asked.get("CHAP_R"))));
    }

    @Test
    void targetWithAnotherNameIsRefused() throws IscsiException {
        Chap chap = chap(MUTUAL, ChapAlgorithm.MD5);
        byte[] proof =
                prove(
                        ChapAlgorithm.MD5,
                        LoginScript.map(chap.answer(challenge("5", "1", "0x0102"))),
                        THEIRS);
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> chap.verify(Map.of("CHAP_N", "other", "CHAP_R", hex(proof))))
                .withMessageContaining("'other', not as 'target'");
    }

    @Test
    void targetThatIsSilentIsRefused() throws IscsiException {
        Chap chap = chap(MUTUAL, ChapAlgorithm.MD5);
        chap.answer(challenge("5", "1", "0x0102"));
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> chap.verify(Map.of()))
                .withMessageContaining("the target did not prove itself");
    }

    @Test
    void theSameSecretInBothDirectionsIsRefused() {
        Credentials same =
                new Credentials("a", OURS, new Credentials.Mutual("b", Secret.of("hogehogehoge")));
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> chap(same, ChapAlgorithm.MD5))
                .withMessageContaining("must differ");
    }

    /** A random source that gives the target's challenge first, and another one then. */
    @Test
    void ourChallengeIsNeverTheTargets() throws IscsiException {
        RandomGenerator repeats =
                new RandomGenerator() {
                    private int draws;

                    @Override
                    public void nextBytes(byte[] bytes) {
                        byte[] drawn = draws++ == 0 ? CHALLENGE : new byte[bytes.length];
                        System.arraycopy(drawn, 0, bytes, 0, bytes.length);
                    }

                    @Override
                    public long nextLong() {
                        return 0;
                    }
                };
        Chap chap = new Chap("the target", MUTUAL, List.of(ChapAlgorithm.MD5), repeats);
        Map<String, String> asked =
                LoginScript.map(chap.answer(challenge("5", "1", hex(CHALLENGE))));
        assertThat(asked.get("CHAP_C")).isEqualTo("0x" + "00".repeat(16));
    }

    @Test
    void challengesDiffer() throws IscsiException {
        String first =
                LoginScript.map(chap(MUTUAL, ChapAlgorithm.MD5).answer(challenge("5", "1", "0x01")))
                        .get("CHAP_C");
        Chap other =
                new Chap("the target", MUTUAL, List.of(ChapAlgorithm.MD5), new SplittableRandom(2));
        assertThat(LoginScript.map(other.answer(challenge("5", "1", "0x01"))).get("CHAP_C"))
                .isNotEqualTo(first);
    }

    @Test
    void secretsBelow96BitsAreWeak() {
        Secret weak = Secret.of("elevenbytes");
        Secret strong = Secret.of("twelve bytes");
        assertThat(new Credentials("a", weak, null).areWeak()).isTrue();
        assertThat(new Credentials("a", strong, null).areWeak()).isFalse();
        assertThat(new Credentials("a", strong, new Credentials.Mutual("b", weak)).areWeak())
                .isTrue();
    }

    @Test
    void credentialsDoNotShowTheirSecrets() {
        assertThat(MUTUAL.toString())
                .contains("hogehoge")
                .doesNotContain("hogehogehoge", "mutuals");
    }

    private static byte[] prove(ChapAlgorithm algorithm, Map<String, String> asked, Secret secret)
            throws ProtocolException {
        byte[] challenge = Chap.binary("CHAP_C", asked.getOrDefault("CHAP_C", ""));
        return Chap.response(
                algorithm, Integer.parseInt(asked.getOrDefault("CHAP_I", "")), secret, challenge);
    }

    private static Map<String, String> challenge(
            String algorithm, String identifier, String challenge) {
        return Map.of("CHAP_A", algorithm, "CHAP_I", identifier, "CHAP_C", challenge);
    }

    private static Chap chap(Credentials credentials, ChapAlgorithm... algorithms)
            throws LoginException {
        return new Chap("the target", credentials, List.of(algorithms), new SplittableRandom(1));
    }

    private static void assertRefused(Map<String, String> challenge, String why) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> chap(ONE_WAY, ChapAlgorithm.MD5).answer(challenge))
                .withMessageContaining(why);
    }

    private static String hex(byte[] bytes) {
        return "0x" + HexFormat.of().formatHex(bytes);
    }
}
