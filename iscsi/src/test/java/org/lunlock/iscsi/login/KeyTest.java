// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.ProtocolException;

class KeyTest {

    /** As RFC 7143 §12.1 (AuthMethod) and §13 (Login/Text Operational Text Keys) have them. */
    private static final String TABLE =
            """
            12.1  AuthMethod               LIST        None
            13.1  HeaderDigest             LIST        None
            13.1  DataDigest               LIST        None
            13.2  MaxConnections           MINIMUM     1       1..65535      notInDiscovery
            13.3  SendTargets              DECLARATIVE
            13.4  TargetName               DECLARATIVE
            13.5  InitiatorName            DECLARATIVE
            13.6  TargetAlias              DECLARATIVE
            13.7  InitiatorAlias           DECLARATIVE
            13.8  TargetAddress            DECLARATIVE
            13.9  TargetPortalGroupTag     DECLARATIVE -       0..65535
            13.10 InitialR2T               OR          Yes     -             notInDiscovery
            13.11 ImmediateData            AND         Yes     -             notInDiscovery
            13.12 MaxRecvDataSegmentLength DECLARATIVE 8192    512..16777215
            13.13 MaxBurstLength           MINIMUM     262144  512..16777215 notInDiscovery
            13.14 FirstBurstLength         MINIMUM     65536   512..16777215 notInDiscovery
            13.15 DefaultTime2Wait         MAXIMUM     2       0..3600
            13.16 DefaultTime2Retain       MINIMUM     20      0..3600
            13.17 MaxOutstandingR2T        MINIMUM     1       1..65535      notInDiscovery
            13.18 DataPDUInOrder           OR          Yes     -             notInDiscovery
            13.19 DataSequenceInOrder      OR          Yes     -             notInDiscovery
            13.20 ErrorRecoveryLevel       MINIMUM     0       0..2
            13.21 SessionType              DECLARATIVE Normal
            13.23 TaskReporting            LIST        RFC3720 -             notInDiscovery
            13.24 iSCSIProtocolLevel       MINIMUM     1       0..31         notInDiscovery
            13.25 IFMarker                 AND         No
            13.25 OFMarker                 AND         No
            """;

    @Test
    void everyRowIsAsTheRfcHasIt() throws ProtocolException {
        EnumSet<Key> keys = EnumSet.noneOf(Key.class);
        for (String line : TABLE.lines().toList()) {
            String[] row = Arrays.copyOf(line.split(" +"), 6);
            Key key = Objects.requireNonNull(Key.of(row[1]), row[1]);
            keys.add(key);
            assertThat(key.section()).isEqualTo(row[0]);
            assertThat(key.function().name()).as(key.text()).isEqualTo(row[2]);
            assertThat(key.defaultValue()).as(key.text()).isEqualTo(cell(row[3]));
            assertRange(key, cell(row[4]));
            assertThat(key.isIrrelevantInDiscovery())
                    .as(key.text())
                    .isEqualTo(cell(row[5]).equals("notInDiscovery"));
        }
        assertThat(keys).containsExactly(Key.values());
    }

    private static String cell(@Nullable String text) {
        return text == null || text.equals("-") ? "" : text;
    }

    private static void assertRange(Key key, String range) throws ProtocolException {
        assertThat(key.isNumber()).as(key.text()).isEqualTo(!range.isEmpty());
        if (!range.isEmpty()) {
            int min = Integer.parseInt(range.substring(0, range.indexOf('.')));
            int max = Integer.parseInt(range.substring(range.lastIndexOf('.') + 1));
            assertThat(key.read("" + min)).isEqualTo("" + min);
            assertThat(key.read("" + max)).isEqualTo("" + max);
            assertRefused(key, "" + (min - 1));
            assertRefused(key, "" + (max + 1));
        }
    }

    private static void assertRefused(Key key, String value) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> key.read(value))
                .withMessageContaining(key.text());
    }

    @Test
    void namesHaveUpperAndLowerCase() {
        assertThat(Key.of("maxburstlength")).isNull();
        assertThat(Key.of("X-com.example.key")).isNull();
    }

    @ParameterizedTest
    @CsvSource({"0x2000,8192", "0X2000,8192", "8192,8192", "008192,8192"})
    void numbersAreDecimalOrHexadecimal(String value, String canonical) {
        assertThat(Key.MAX_BURST_LENGTH.canonical(value)).isEqualTo(canonical);
    }

    @ParameterizedTest
    @CsvSource({
        "''",
        "0x",
        "-1",
        "+512",
        "8 192",
        "8192k",
        "99999999999999999999",
        "0x80000200",
        "٨١٩٢"
    })
    void whatIsNoNumberIsRefused(String value) {
        assertRefused(Key.MAX_BURST_LENGTH, value);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Key.MAX_BURST_LENGTH.canonical(value));
    }

    @ParameterizedTest
    @CsvSource({"yes", "NO", "true", "1", "''"})
    void booleansAreYesOrNo(String value) {
        assertRefused(Key.INITIAL_R2T, value);
    }

    @ParameterizedTest
    @CsvSource({"''", "','", "'CRC32C,'", "',None'"})
    void listsHaveNoEmptyElements(String value) {
        assertRefused(Key.DATA_DIGEST, value);
    }

    @ParameterizedTest
    @CsvSource({
        "MAX_BURST_LENGTH,   8192,        4096",
        "MAX_BURST_LENGTH,   8192,        8192",
        "DEFAULT_TIME2WAIT,  2,           5",
        "INITIAL_R2T,        No,          Yes",
        "INITIAL_R2T,        No,          No",
        "INITIAL_R2T,        Yes,         Yes",
        "IMMEDIATE_DATA,     Yes,         No",
        "IMMEDIATE_DATA,     No,          No",
        "HEADER_DIGEST,      'CRC32C,None', None",
        "HEADER_DIGEST,      'CRC32C,None', CRC32C",
    })
    void answersWithinTheOfferAreTheResult(Key key, String offer, String answer)
            throws ProtocolException {
        assertThat(key.result(offer, answer)).isEqualTo(answer);
    }

    @ParameterizedTest
    @CsvSource({
        "MAX_BURST_LENGTH,   8192,        8193",
        "DEFAULT_TIME2WAIT,  2,           1",
        "INITIAL_R2T,        Yes,         No",
        "IMMEDIATE_DATA,     No,          Yes",
        "HEADER_DIGEST,      None,        CRC32C",
        "HEADER_DIGEST,      'CRC32C,None', 'CRC32C,None'",
        "HEADER_DIGEST,      'CRC32C,None', MD5",
    })
    void answersOutsideTheOfferAreRefused(Key key, String offer, String answer) {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> key.result(offer, answer))
                .withMessageContaining("does not answer");
    }

    @Test
    void messagesShowNoControlCharacters() {
        assertThatExceptionOfType(ProtocolException.class)
                .isThrownBy(() -> Key.INITIAL_R2T.read("\u001b[2J\n" + "x".repeat(10_000)))
                .satisfies(e -> {
                    assertThat(e.getMessage()).contains("?[2J?xx").hasSizeLessThan(400);
                });
    }
}
