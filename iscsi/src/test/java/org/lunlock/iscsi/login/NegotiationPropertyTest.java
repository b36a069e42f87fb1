// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntBinaryOperator;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.testkit.Property;

/** The negotiation against a model that knows numbers only: Yes is 1, No is 0, OR is maximum. */
class NegotiationPropertyTest {

    /** One key as the model has it. */
    private record Row(Key key, IntBinaryOperator result, int implied, int min, int max) {
        String text(int value) {
            boolean number = key.isNumber();
            return number ? Integer.toString(value) : value == 1 ? "Yes" : "No";
        }
    }

    private static final List<Row> ROWS =
            List.of(
                    new Row(Key.MAX_CONNECTIONS, Math::min, 1, 1, 65535),
                    new Row(Key.INITIAL_R2T, Math::max, 1, 0, 1),
                    new Row(Key.IMMEDIATE_DATA, Math::min, 1, 0, 1),
                    new Row(Key.MAX_BURST_LENGTH, Math::min, 262144, 512, 16777215),
                    new Row(Key.FIRST_BURST_LENGTH, Math::min, 65536, 512, 16777215),
                    new Row(Key.DEFAULT_TIME2WAIT, Math::max, 2, 0, 3600),
                    new Row(Key.DEFAULT_TIME2RETAIN, Math::min, 20, 0, 3600),
                    new Row(Key.MAX_OUTSTANDING_R2T, Math::min, 1, 1, 65535),
                    new Row(Key.ERROR_RECOVERY_LEVEL, Math::min, 0, 0, 2),
                    new Row(Key.ISCSI_PROTOCOL_LEVEL, Math::min, 1, 0, 31));

    private static final LoginParameters NOTHING =
            new LoginParameters(Map.of(), List.of(ChapAlgorithm.MD5));

    @Test
    void settingsAreWhatTheModelSays() {
        Property.holds(
                5_000,
                random -> {
                    LoginParameters parameters = NOTHING;
                    List<TextKey> said = new ArrayList<>();
                    Map<Key, Integer> model = new EnumMap<>(Key.class);
                    for (Row row : ROWS) {
                        int ours = random.nextInt(row.min(), row.max() + 1);
                        int theirs = random.nextInt(row.min(), row.max() + 1);
                        boolean offered = random.nextBoolean();
                        boolean spoken = random.nextBoolean();
                        if (offered) {
                            parameters = parameters.with(row.key(), row.text(ours));
                        }
                        int mine = offered ? ours : row.implied();
                        int other = spoken ? theirs : row.implied();
                        int result = row.result().applyAsInt(mine, other);
                        model.put(row.key(), result);
                        if (spoken) {
                            // An answer is the result, an offer of its own is the target's wish.
                            String value = row.text(offered ? result : theirs);
                            said.add(TextKey.of(row.key(), value));
                        } else if (offered) {
                            said.addAll(silence(row.key(), random));
                        }
                    }
                    assertThat(numbers(negotiate(parameters, said))).isEqualTo(clamp(model));
                });
    }

    @Test
    void answersOutsideTheOfferAreRefused() {
        Property.holds(
                2_000,
                random -> {
                    Row row = ROWS.get(random.nextInt(ROWS.size()));
                    int ours = random.nextInt(row.min(), row.max() + 1);
                    int answer = random.nextInt(row.min(), row.max() + 1);
                    if (row.result().applyAsInt(ours, answer) == answer) {
                        return;
                    }
                    LoginParameters parameters = NOTHING.with(row.key(), row.text(ours));
                    List<TextKey> said = List.of(TextKey.of(row.key(), row.text(answer)));
                    assertThatExceptionOfType(ProtocolException.class)
                            .isThrownBy(() -> negotiate(parameters, said));
                });
    }

    private static List<TextKey> silence(Key key, RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> List.of(TextKey.of(key, "Reject"));
            case 1 -> List.of(TextKey.of(key, "NotUnderstood"));
            case 2 -> List.of(TextKey.of(key, "Irrelevant"));
            default -> List.of();
        };
    }

    private static Settings negotiate(LoginParameters parameters, List<TextKey> said)
            throws IscsiException {
        Negotiation negotiation = new Negotiation(LoginScript.NORMAL, parameters);
        for (TextKey key : said) {
            negotiation.receive(key);
        }
        negotiation.takeReplies();
        return negotiation.settings(LoginScript.lastResponse());
    }

    private static Map<Key, Integer> clamp(Map<Key, Integer> model) {
        model.merge(Key.FIRST_BURST_LENGTH, model.get(Key.MAX_BURST_LENGTH), Math::min);
        return model;
    }

    private static Map<Key, Integer> numbers(Settings settings) {
        Map<Key, Integer> numbers = new EnumMap<>(Key.class);
        numbers.put(Key.MAX_CONNECTIONS, settings.maxConnections());
        numbers.put(Key.INITIAL_R2T, settings.initialR2t() ? 1 : 0);
        numbers.put(Key.IMMEDIATE_DATA, settings.immediateData() ? 1 : 0);
        numbers.put(Key.MAX_BURST_LENGTH, settings.maxBurstLength());
        numbers.put(Key.FIRST_BURST_LENGTH, settings.firstBurstLength());
        numbers.put(Key.DEFAULT_TIME2WAIT, settings.defaultTime2Wait());
        numbers.put(Key.DEFAULT_TIME2RETAIN, settings.defaultTime2Retain());
        numbers.put(Key.MAX_OUTSTANDING_R2T, settings.maxOutstandingR2t());
        numbers.put(Key.ERROR_RECOVERY_LEVEL, settings.errorRecoveryLevel());
        numbers.put(Key.ISCSI_PROTOCOL_LEVEL, settings.iscsiProtocolLevel());
        return numbers;
    }
}
