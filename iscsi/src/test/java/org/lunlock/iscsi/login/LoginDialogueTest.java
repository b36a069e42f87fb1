// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.lunlock.iscsi.login.LoginScript.DISCOVERY;
import static org.lunlock.iscsi.login.LoginScript.NORMAL;
import static org.lunlock.iscsi.login.LoginScript.agrees;
import static org.lunlock.iscsi.login.LoginScript.answer;
import static org.lunlock.iscsi.login.LoginScript.begins;
import static org.lunlock.iscsi.login.LoginScript.ends;
import static org.lunlock.iscsi.login.LoginScript.refuses;
import static org.lunlock.iscsi.login.LoginScript.response;
import static org.lunlock.iscsi.login.LoginScript.stays;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.LoginOutcome.LoggedIn;
import org.lunlock.iscsi.login.LoginOutcome.Redirected;
import org.lunlock.iscsi.login.LoginScript.Step;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.pdu.Stage;

class LoginDialogueTest {
    private static final Secret OURS = Secret.of("hogehogehoge");
    private static final Secret THEIRS = Secret.of("mutualsecret");
    private static final Credentials ONE_WAY = new Credentials("hogehoge", OURS, null);
    private static final Credentials MUTUAL =
            new Credentials("hogehoge", OURS, new Credentials.Mutual("target", THEIRS));

    private static final Step CHOOSES_CHAP = agrees("AuthMethod=CHAP", "TargetPortalGroupTag=1");
    private static final Step CHALLENGES = agrees("CHAP_A=5", "CHAP_I=165", "CHAP_C=0x0102");

    private static Settings login(@Nullable Credentials credentials, LoginScript script)
            throws IscsiException {
        LoginOutcome outcome =
                new LoginDialogue(NORMAL, LoginParameters.DEFAULTS, credentials, script).run();
        assertThat(script.stepsLeft()).isZero();
        return switch (outcome) {
            case LoggedIn loggedIn -> loggedIn.settings();
            case Redirected redirected -> throw new AssertionError("" + redirected);
        };
    }

    private static void assertProtocolError(
            String why, @Nullable Credentials credentials, Step... steps) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> login(credentials, LoginScript.of(steps)))
                .withMessageContaining(why);
    }

    private static LoginException assertRefusedByUs(
            String why, @Nullable Credentials credentials, Step... steps) {
        try {
            login(credentials, LoginScript.of(steps));
        } catch (LoginException refused) {
            assertThat(refused).hasMessageContaining(why);
            assertThat(refused.status()).isZero();
            return refused;
        } catch (IscsiException e) {
            throw new AssertionError(e);
        }
        throw new AssertionError("logged in");
    }

    // ---- without authentication

    @Test
    void oneRequestLogsInWithoutAuthentication() throws IscsiException {
        LoginScript script = LoginScript.of(agrees("TargetPortalGroupTag=1", "InitialR2T=Yes"));
        Settings settings = login(null, script);

        assertThat(script.heard().getFirst())
                .containsEntry("InitiatorName", "iqn.2026-11.org.lunlock:host-a")
                .containsEntry("SessionType", "Normal")
                .containsEntry("TargetName", "iqn.2026-11.org.lunlock:disk")
                .containsEntry("MaxBurstLength", "16776192")
                .containsEntry("MaxOutstandingR2T", "8")
                .doesNotContainKey("AuthMethod");
        assertThat(settings.initialR2t()).isTrue();
        assertThat(settings.targetPortalGroupTag()).isEqualTo(OptionalInt.of(1));
        assertThat(settings.tsih()).isEqualTo(0x0100);
    }

    @Test
    void headersTellStagesAndNumbers() throws IscsiException {
        LoginScript script = LoginScript.of(stays(), agrees());
        Settings settings = login(null, script);

        LoginRequest first = script.requests().getFirst();
        assertThat(first.currentStage()).isEqualTo(Stage.LOGIN_OPERATIONAL_NEGOTIATION);
        assertThat(first.nextStage()).isEqualTo(Stage.FULL_FEATURE_PHASE);
        assertThat(first.transit()).isTrue();
        assertThat(first.isid()).isEqualTo(LoginScript.ISID);
        assertThat(first.cmdSn()).isEqualTo(77);
        assertThat(first.expStatSn()).isZero();

        LoginRequest second = script.requests().getLast();
        assertThat(second.cmdSn()).isEqualTo(77);
        // The script's first StatSN is ffffffff, and the number after it is 0.
        assertThat(second.expStatSn()).isZero();
        assertThat(settings.statSn()).isZero();
        assertThat(settings.expCmdSn()).isEqualTo(77);
        assertThat(settings.maxCmdSn()).isEqualTo(140);
    }

    @Test
    void discoveryNamesNoTarget() throws IscsiException {
        LoginScript script = LoginScript.of(agrees());
        new LoginDialogue(DISCOVERY, LoginParameters.DEFAULTS, null, script).run();
        assertThat(script.heard().getFirst())
                .containsEntry("SessionType", "Discovery")
                .doesNotContainKey("TargetName");
    }

    @Test
    void aNewSessionHasATsih() {
        assertProtocolError(
                "no TSIH",
                null,
                (request, keys) -> answer(numbered(request, request.expStatSn(), 0)));
    }

    @Test
    void aConnectionThatJoinsSaysAndTakesOverWhatTheSessionAgreedOn() throws IscsiException {
        Settings session = login(null, LoginScript.of(agrees("MaxBurstLength=4096")));
        LoginScript script = LoginScript.of(agrees("MaxOutstandingR2T=4", "HeaderDigest=CRC32C"));
        LoginParameters parameters =
                LoginParameters.DEFAULTS.withHeaderDigest(Digest.CRC32C_PREFERRED);
        LoginOutcome outcome =
                new LoginDialogue(NORMAL.joining(session, 1, 80, 42), parameters, null, script)
                        .run();
        assertThat(script.heard().getFirst())
                .containsKeys("InitiatorName", "TargetName", "HeaderDigest", "DataDigest")
                .containsKey("MaxRecvDataSegmentLength")
                .doesNotContainKeys("SessionType", "MaxConnections", "MaxBurstLength");
        assertThat(script.requests().getFirst())
                .matches(request -> request.tsih() == session.tsih())
                .matches(request -> request.cid() == 1)
                .matches(request -> request.cmdSn() == 80)
                .matches(request -> request.expStatSn() == 42);
        Settings joined = ((LoggedIn) outcome).settings();
        assertThat(joined.maxBurstLength()).isEqualTo(4096);
        assertThat(joined.maxOutstandingR2t()).isEqualTo(session.maxOutstandingR2t());
    }

    @Test
    void aConnectionJoinsTheSessionItWasMeantFor() throws IscsiException {
        LoginIdentity joining = NORMAL.joining(login(null, LoginScript.of(agrees())), 1, 77, 0);
        LoginScript script =
                LoginScript.of(
                        (request, keys) -> answer(numbered(request, request.expStatSn(), 8)));
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() ->
                        new LoginDialogue(joining, LoginParameters.DEFAULTS, null, script).run())
                .withMessageContaining("session 8, not 256");
    }

    @Test
    void statSnCountsUpByOneInALogin() {
        assertProtocolError(
                "StatSN 1, expected 0",
                null,
                stays(),
                (request, keys) -> answer(numbered(request, request.expStatSn() + 1, 7)));
    }

    private static LoginResponse numbered(LoginRequest request, int statSn, int tsih) {
        return new LoginResponse(
                request.transit(),
                false,
                request.currentStage(),
                request.nextStage(),
                0,
                0,
                0,
                request.isid(),
                tsih,
                request.initiatorTaskTag(),
                statSn,
                request.cmdSn(),
                request.cmdSn() + 63,
                0,
                0);
    }

    @Test
    void targetThatIsNotReadyIsAskedAgain() throws IscsiException {
        LoginScript script =
                LoginScript.of(
                        CHOOSES_CHAP,
                        CHALLENGES,
                        stays(),
                        agrees(),
                        stays("MaxBurstLength=8192"),
                        agrees());
        assertThat(login(ONE_WAY, script).maxBurstLength()).isEqualTo(8192);
        assertThat(script.requests().subList(2, 6)).allMatch(LoginRequest::transit);
        assertThat(script.heard().getLast()).isEmpty();
    }

    @Test
    void offersOfTheTargetAreAnsweredInTheNextRequest() throws IscsiException {
        LoginScript script =
                LoginScript.of(
                        stays("TaskReporting=RFC3720", "IFMarker=No", "X-vendor=1"), agrees());
        login(null, script);
        assertThat(script.heard().getLast())
                .containsExactly(
                        Map.entry("TaskReporting", "RFC3720"),
                        Map.entry("IFMarker", "No"),
                        Map.entry("X-vendor", "NotUnderstood"));
    }

    @Test
    void lostConnectionIsPassedOn() {
        Step lost =
                (request, keys) -> {
                    throw new TransportException("closed");
                };
        assertThatExceptionOfType(TransportException.class)
                .isThrownBy(() -> login(null, LoginScript.of(lost)));
    }

    // ---- CHAP

    @Test
    void chapProvesTheInitiator() throws IscsiException {
        LoginScript script =
                LoginScript.of(CHOOSES_CHAP, CHALLENGES, agrees(), agrees("ImmediateData=No"));
        assertThat(login(ONE_WAY, script).immediateData()).isFalse();

        assertThat(script.heard().getFirst())
                .containsExactly(
                        Map.entry("InitiatorName", "iqn.2026-11.org.lunlock:host-a"),
                        Map.entry("SessionType", "Normal"),
                        Map.entry("TargetName", "iqn.2026-11.org.lunlock:disk"),
                        Map.entry("AuthMethod", "CHAP,None"));
        assertThat(script.heard().getLast())
                .doesNotContainKeys("InitiatorName", "SessionType", "TargetName", "AuthMethod");
        assertThat(script.heard().get(1)).containsExactly(Map.entry("CHAP_A", "8,7,6,5"));
        byte[] response = Chap.response(ChapAlgorithm.MD5, 165, OURS, new byte[] {1, 2});
        assertThat(script.heard().get(2))
                .containsExactly(
                        Map.entry("CHAP_N", "hogehoge"),
                        Map.entry("CHAP_R", "0x" + HexFormat.of().formatHex(response)));
        assertThat(script.requests())
                .extracting(LoginRequest::transit)
                .containsExactly(false, false, true, true);
    }

    @Test
    void chapIsLeftOutWhereTheTargetWantsNone() throws IscsiException {
        LoginScript script = LoginScript.of(agrees("AuthMethod=None"), agrees(), agrees());
        login(ONE_WAY, script);
        assertThat(script.requests()).hasSize(3);
    }

    @Test
    void wrongSecretIsTheTargetsRefusal() {
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() ->
                        login(ONE_WAY, LoginScript.of(CHOOSES_CHAP, CHALLENGES, refuses(0x0201))))
                .withMessageContaining("CHAP user or secret wrong")
                .withMessageContaining("iqn.2026-11.org.lunlock:disk")
                .satisfies(e ->
                        assertThat(e.status()).isEqualTo(LoginException.AUTHENTICATION_FAILURE));
    }

    @Test
    void targetThatDoesNotDoChapIsExplained() {
        assertRefusedByUs("does not do CHAP", ONE_WAY, stays("AuthMethod=Reject"));
    }

    @Test
    void targetMustChooseAnAuthMethodThatWasOffered() {
        assertProtocolError("chose no AuthMethod", ONE_WAY, stays());
        assertProtocolError("AuthMethod=KRB5", ONE_WAY, stays("AuthMethod=KRB5"));
    }

    // ---- mutual CHAP

    /** Proves to know this secret, as RFC 1994 §4.1 (Challenge and Response) says. */
    private static Step proves(String name, Secret secret) {
        return (request, keys) -> {
            byte[] challenge = Chap.binary("CHAP_C", keys.getOrDefault("CHAP_C", ""));
            int identifier = Integer.parseInt(keys.getOrDefault("CHAP_I", ""));
            byte[] proof = Chap.response(ChapAlgorithm.MD5, identifier, secret, challenge);
            return agrees("CHAP_N=" + name, "CHAP_R=0x" + HexFormat.of().formatHex(proof))
                    .answer(request, keys);
        };
    }

    @Test
    void mutualChapProvesTheTargetToo() throws IscsiException {
        LoginScript script =
                LoginScript.of(CHOOSES_CHAP, CHALLENGES, proves("target", THEIRS), agrees());
        login(MUTUAL, script);
        assertThat(script.heard().getFirst()).containsEntry("AuthMethod", "CHAP");
    }

    @Test
    void targetWithTheWrongSecretIsRefusedBeforeAnythingElseIsSaid() {
        LoginException refused =
                assertRefusedByUs(
                        "does not know the mutual secret",
                        MUTUAL,
                        CHOOSES_CHAP,
                        CHALLENGES,
                        proves("target", Secret.of("somethingelse")));
        assertThat(refused).hasMessageContaining("iqn.2026-11.org.lunlock:disk");
    }

    @Test
    void targetThatAnswersOurChallengeWithSilenceIsRefused() {
        String silent = "did not prove itself, though mutual CHAP was asked for";
        assertRefusedByUs(silent, MUTUAL, CHOOSES_CHAP, CHALLENGES, agrees());
        assertRefusedByUs(silent, MUTUAL, CHOOSES_CHAP, CHALLENGES, stays());
        assertRefusedByUs(silent, MUTUAL, CHOOSES_CHAP, CHALLENGES, agrees("CHAP_N=target"));
        assertRefusedByUs(silent, MUTUAL, stays("AuthMethod=None"));
    }

    @Test
    void targetMustNotChallengeAgain() {
        assertProtocolError(
                "CHAP_C twice",
                MUTUAL,
                CHOOSES_CHAP,
                CHALLENGES,
                (request, keys) -> stays("CHAP_C=" + keys.get("CHAP_C")).answer(request, keys));
    }

    // ---- continuation

    @Test
    void longAnswerComesInPieces() throws IscsiException {
        LoginScript script =
                LoginScript.of(
                        begins("MaxBurst"), begins("Length=81"), ends("92\0InitialR2T=No\0"));
        Settings settings = login(null, script);
        assertThat(settings.maxBurstLength()).isEqualTo(8192);
        assertThat(settings.initialR2t()).isFalse();
        assertThat(script.lengths().subList(1, 3)).containsOnly(0);
    }

    @Test
    void longTextOfOursGoesInPieces() throws IscsiException {
        LoginParameters parameters =
                LoginParameters.DEFAULTS.with(Key.INITIATOR_ALIAS, "x".repeat(20_000));
        LoginScript script = LoginScript.of(stays(), stays(), agrees());
        new LoginDialogue(NORMAL, parameters, null, script).run();
        assertThat(script.requests())
                .extracting(LoginRequest::continues)
                .containsExactly(true, true, false);
        assertThat(script.requests())
                .extracting(LoginRequest::transit)
                .containsExactly(false, false, true);
        assertThat(script.lengths().subList(0, 2)).containsOnly(8192);
        assertThat(script.lengths().getLast()).isBetween(3000, 5000);
    }

    @Test
    void targetMustNotAnswerHalfAText() {
        LoginParameters parameters =
                LoginParameters.DEFAULTS.with(Key.INITIATOR_ALIAS, "x".repeat(20_000));
        LoginScript script = LoginScript.of(stays("InitialR2T=No"));
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> new LoginDialogue(NORMAL, parameters, null, script).run())
                .withMessageContaining("before our text is complete");
    }

    // ---- targets that mean no good

    @Test
    void continuationWithoutEndEnds() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> login(null, LoginScript.of().then(begins("X"))))
                .withMessageContaining("did not end within 32 requests");
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> login(null, LoginScript.of().then(begins("X".repeat(8192)))))
                .withMessageContaining("65536 bytes");
    }

    @Test
    void targetThatNeverGoesOnEnds() {
        LoginScript script = LoginScript.of().then(stays());
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> login(null, script))
                .withMessageContaining("did not end within 32 requests");
        assertThat(script.requests()).hasSize(32);
    }

    @Test
    void keyThatComesTwiceIsRefused() {
        Step twice =
                (request, keys) -> ends("InitialR2T=No\0InitialR2T=Yes\0").answer(request, keys);
        assertProtocolError("InitialR2T twice", null, twice);
        Step tells = stays("TargetPortalGroupTag=1");
        assertProtocolError("TargetPortalGroupTag twice", null, tells, tells);
    }

    @Test
    void illegalValuesAreRefused() {
        assertProtocolError("MaxBurstLength", null, agrees("MaxBurstLength=0"));
        assertProtocolError("ErrorRecovery", null, agrees("ErrorRecoveryLevel=1"));
        assertProtocolError("InitialR2T", null, agrees("InitialR2T=maybe"));
        assertProtocolError("no key=value", null, ends("garbage\0"));
    }

    @Test
    void hugeChallengeIsRefused() {
        assertProtocolError(
                "CHAP_C has 20000 bytes",
                ONE_WAY,
                CHOOSES_CHAP,
                agrees("CHAP_A=5", "CHAP_I=1", "CHAP_C=0x" + "5a".repeat(20_000)));
    }

    @Test
    void targetMustNotSkipAStage() {
        Step skips =
                (request, keys) ->
                        answer(
                                withStages(
                                        response(request, true, false, 0),
                                        Stage.SECURITY_NEGOTIATION,
                                        Stage.FULL_FEATURE_PHASE));
        assertProtocolError(
                "asked for LOGIN_OPERATIONAL_NEGOTIATION",
                ONE_WAY,
                CHOOSES_CHAP,
                CHALLENGES,
                skips);
    }

    @Test
    void targetMustNotGoOnUnasked() {
        Step unasked =
                (request, keys) ->
                        answer(
                                withStages(
                                        response(request, true, false, 0),
                                        Stage.SECURITY_NEGOTIATION,
                                        Stage.LOGIN_OPERATIONAL_NEGOTIATION),
                                "AuthMethod=CHAP");
        assertProtocolError("the target goes to", MUTUAL, unasked);
    }

    @Test
    void targetMustBeInTheStageWeAreIn() {
        Step elsewhere =
                (request, keys) ->
                        answer(
                                withStages(
                                        response(request, false, false, 0),
                                        Stage.SECURITY_NEGOTIATION,
                                        Stage.SECURITY_NEGOTIATION));
        assertProtocolError("not in LOGIN_OPERATIONAL_NEGOTIATION", null, elsewhere);
    }

    private static LoginResponse withStages(LoginResponse response, Stage current, Stage next) {
        return new LoginResponse(
                response.transit(),
                false,
                current,
                next,
                0,
                0,
                0,
                response.isid(),
                response.tsih(),
                response.initiatorTaskTag(),
                response.statSn(),
                response.expCmdSn(),
                response.maxCmdSn(),
                0,
                0);
    }

    // ---- refusals and redirections

    @ParameterizedTest
    @CsvSource({
        "0x0200, blames the initiator",
        "0x0201, CHAP user or secret wrong",
        "0x0202, not allowed",
        "0x0203, no target of that name",
        "0x0204, was removed",
        "0x0205, version",
        "0x0206, too many connections",
        "0x0207, parameter is missing",
        "0x0208, does not reach",
        "0x0209, not supported",
        "0x020a, does not exist",
        "0x020b, invalid during login",
        "0x02ee, blames the initiator",
        "0x0300, error of its own",
        "0x0301, not available now",
        "0x0302, out of resources",
        "0x0400, not defined",
    })
    void everyStatusIsSaidInWords(String status, String words) {
        int code = Integer.decode(status);
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> login(null, LoginScript.of(refuses(code))))
                .withMessageContaining(words)
                .satisfies(e -> assertThat(e.status()).isEqualTo(code));
    }

    @ParameterizedTest
    @CsvSource({
        "0x0101, 192.0.2.7:3261, 192.0.2.7, 3261, false",
        "0x0102, '[2001:db8::7],1', 2001:db8::7, 3260, true",
    })
    void redirectionIsAnOutcome(
            String status, String address, String host, int port, boolean permanent)
            throws IscsiException {
        LoginScript script =
                LoginScript.of(refuses(Integer.decode(status), "TargetAddress=" + address));
        assertThat(new LoginDialogue(NORMAL, LoginParameters.DEFAULTS, null, script).run())
                .isEqualTo(new Redirected(new Portal(host, port), permanent));
    }

    @Test
    void redirectionAfterAuthenticationIsAnOutcomeToo() throws IscsiException {
        LoginScript script =
                LoginScript.of(CHOOSES_CHAP, CHALLENGES, refuses(0x0101, "TargetAddress=b:1"));
        assertThat(new LoginDialogue(NORMAL, LoginParameters.DEFAULTS, ONE_WAY, script).run())
                .isEqualTo(new Redirected(new Portal("b", 1), false));
    }

    @Test
    void redirectionToNowhereIsRefused() {
        assertProtocolError("no TargetAddress", null, refuses(0x0101));
        assertProtocolError("no address", null, refuses(0x0101, "TargetAddress=:0"));
    }

    @Test
    void theSameSecretInBothDirectionsIsRefusedBeforeAnythingIsSaid() {
        Credentials same = new Credentials("a", OURS, new Credentials.Mutual("b", OURS));
        LoginScript script = LoginScript.of();
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> login(same, script))
                .withMessageContaining("must differ");
        assertThat(script.requests()).isEqualTo(List.of());
    }
}
