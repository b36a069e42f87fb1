// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;

class NegotiationTest {
    private static final LoginParameters OFFERS = LoginParameters.DEFAULTS;

    @Test
    void theTwoReceiveLimitsBelongToTheirSides() throws IscsiException {
        Settings settings =
                settings(
                        OFFERS.with(Key.MAX_RECV_DATA_SEGMENT_LENGTH, 65536),
                        "MaxRecvDataSegmentLength=131072");
        assertThat(settings.initiatorMaxRecvDataSegmentLength()).isEqualTo(65536);
        assertThat(settings.targetMaxRecvDataSegmentLength()).isEqualTo(131072);
    }

    @Test
    void targetThatDeclaresNoReceiveLimitHasTheDefault() throws IscsiException {
        assertThat(settings(OFFERS).targetMaxRecvDataSegmentLength()).isEqualTo(8192);
    }

    @ParameterizedTest
    @CsvSource({"0", "511", "16777216", "-1", "abc", "Reject"})
    void receiveLimitOutOfRangeIsRefused(String value) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> settings(OFFERS, "MaxRecvDataSegmentLength=" + value));
    }

    @Test
    void firstBurstIsNeverAboveMaxBurst() throws IscsiException {
        Settings settings = settings(OFFERS, "MaxBurstLength=8192", "FirstBurstLength=65536");
        assertThat(settings.firstBurstLength()).isEqualTo(8192);
    }

    @Test
    void portalGroupTagIsAbsentUntilTold() throws IscsiException {
        assertThat(settings(OFFERS).targetPortalGroupTag()).isEmpty();
        assertThat(settings(OFFERS, "TargetPortalGroupTag=0").targetPortalGroupTag())
                .isEqualTo(OptionalInt.of(0));
    }

    @Test
    void preferredDigestIsUsedWhereTheTargetCan() throws IscsiException {
        LoginParameters offers =
                OFFERS.withHeaderDigest(Digest.CRC32C_PREFERRED)
                        .withDataDigest(Digest.CRC32C_PREFERRED);
        Settings settings = settings(offers, "HeaderDigest=CRC32C", "DataDigest=None");
        assertThat(settings.headerDigest()).isTrue();
        assertThat(settings.dataDigest()).isFalse();
        assertThat(settings(offers, "HeaderDigest=Reject").headerDigest()).isFalse();
    }

    @Test
    void requiredDigestIsNotGivenUp() {
        LoginParameters offers = OFFERS.withDataDigest(Digest.CRC32C);
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> settings(offers, "DataDigest=Reject"))
                .withMessageContaining("DataDigest=CRC32C");
        assertThatExceptionOfType(LoginException.class).isThrownBy(() -> settings(offers));
        assertThatExceptionOfType(LoginException.class)
                .isThrownBy(() -> settings(offers, "DataDigest=None"));
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> settings(offers, "DataDigest=MD5"));
    }

    @Test
    void unknownKeysAreNotUnderstood() throws IscsiException {
        assertThat(replies(OFFERS, "X-com.example.speed=9"))
                .containsExactly(new TextKey("X-com.example.speed", "NotUnderstood"));
    }

    @ParameterizedTest
    @CsvSource({
        "IFMarker=No,              No",
        "OFMarker=Yes,             No",
        "iSCSIProtocolLevel=2,     1",
        "'TaskReporting=ResponseFence,RFC3720', RFC3720",
        "TaskReporting=FastAbort,  Reject",
    })
    void offersOfTheTargetAreAnswered(String offer, String answer) throws IscsiException {
        assertThat(replies(OFFERS, offer))
                .containsExactly(new TextKey(offer.substring(0, offer.indexOf('=')), answer));
    }

    @Test
    void declarationsAreNotAnswered() throws IscsiException {
        assertThat(replies(OFFERS, "TargetAlias=backup", "MaxRecvDataSegmentLength=8192"))
                .isEmpty();
    }

    @Test
    void repliesAreGivenOnce() throws IscsiException {
        Negotiation negotiation = new Negotiation(LoginScript.NORMAL, OFFERS);
        negotiation.receive(new TextKey("X-a", "1"));
        assertThat(negotiation.takeReplies()).hasSize(1);
        assertThat(negotiation.takeReplies()).isEmpty();
    }

    @Test
    void targetMustNotLeaveBeforeItsOfferIsAnswered() {
        Negotiation negotiation = new Negotiation(LoginScript.NORMAL, OFFERS);
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> {
                    negotiation.receive(new TextKey("iSCSIProtocolLevel", "2"));
                    negotiation.settings(LoginScript.lastResponse());
                })
                .withMessageContaining("offer of its own");
    }

    @Test
    void whatNeedsNoAnswerMayStandInTheLastResponse() throws IscsiException {
        Negotiation negotiation = new Negotiation(LoginScript.NORMAL, OFFERS);
        negotiation.receive(new TextKey("IFMarker", "No"));
        negotiation.receive(new TextKey("X-com.example.vendor", "1"));
        assertThat(negotiation.settings(LoginScript.lastResponse())).isNotNull();
    }

    @Test
    void discoveryLeavesOutWhatMeansNothingThere() throws IscsiException {
        Negotiation negotiation = new Negotiation(LoginScript.DISCOVERY, OFFERS);
        assertThat(negotiation.offers())
                .extracting(TextKey::name)
                .containsExactly(
                        "HeaderDigest",
                        "DataDigest",
                        "MaxRecvDataSegmentLength",
                        "DefaultTime2Wait",
                        "DefaultTime2Retain",
                        "ErrorRecoveryLevel");
        negotiation.receive(new TextKey("MaxBurstLength", "8192"));
        assertThat(negotiation.takeReplies())
                .containsExactly(new TextKey("MaxBurstLength", "Irrelevant"));
        assertThat(negotiation.settings(LoginScript.lastResponse()).maxBurstLength())
                .isEqualTo(262144);
    }

    @Test
    void callersMayNotOfferWhatTheDialogueSays() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OFFERS.with(Key.TARGET_NAME, "iqn.a"));
        assertThatIllegalArgumentException().isThrownBy(() -> OFFERS.with(Key.IF_MARKER, false));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OFFERS.with(Key.MAX_OUTSTANDING_R2T, 0));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoginParameters(Map.of(), List.of()));
    }

    @ParameterizedTest
    @EnumSource
    void everyStatusHasWords(LoginStatus status) {
        assertThat(LoginStatus.words(status.code())).isNotEmpty();
    }

    @Test
    void statusWithUnknownDetailMeansItsClass() {
        assertThat(LoginStatus.words(0x02ff))
                .isEqualTo(LoginStatus.words(LoginStatus.INITIATOR_ERROR.code()));
        assertThat(LoginStatus.words(0x0900)).contains("not defined");
    }

    private static Settings settings(LoginParameters offers, String... said) throws IscsiException {
        Negotiation negotiation = negotiation(offers, said);
        return negotiation.settings(LoginScript.lastResponse());
    }

    private static List<TextKey> replies(LoginParameters offers, String... said)
            throws IscsiException {
        return negotiation(offers, said).takeReplies();
    }

    private static Negotiation negotiation(LoginParameters offers, String... said)
            throws IscsiException {
        Negotiation negotiation = new Negotiation(LoginScript.NORMAL, offers);
        for (TextKey key : LoginScript.keys(said)) {
            negotiation.receive(key);
        }
        return negotiation;
    }
}
