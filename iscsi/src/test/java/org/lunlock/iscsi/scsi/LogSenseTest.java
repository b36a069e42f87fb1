// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.scsi.LogSense.Temperature;

class LogSenseTest {

    @Test
    void asksForTheTemperature() {
        assertThat(AnnotatedHex.hex(LogSense.temperature().cdb()))
                .isEqualTo(
                        AnnotatedHex.hex(
                                """
                                4d        # LOG SENSE
                                00
                                4d        # cumulative values, Temperature
                                00        # no subpage
                                00
                                0000      # PARAMETER POINTER
                                00fc      # ALLOCATION LENGTH
                                00
                                """));
    }

    @Test
    void temperatureAndItsReference() throws ProtocolException {
        assertThat(
                        temperature(
                                """
                                0d 00 000c
                                0000 03 02 00 25  # 37 degrees
                                0001 03 02 00 44  # 68 degrees
                                """))
                .isEqualTo(new Temperature(OptionalInt.of(37), OptionalInt.of(68)));
    }

    @Test
    void whatTheDeviceDoesNotKnowIsEmpty() throws ProtocolException {
        Temperature nothing = new Temperature(OptionalInt.empty(), OptionalInt.empty());
        assertThat(temperature("0d 00 0006 0000 03 02 00 ff")).isEqualTo(nothing);
        assertThat(temperature("0d 00 0000")).isEqualTo(nothing);
        assertThat(temperature("0d 00 0005 8000 03 01 07")).isEqualTo(nothing);
    }

    @Test
    void parametersThatAreCutAreTheTargetsFault() {
        refuses("0d 00 000c 0000 03 02 00 25");
        refuses("0d 00 0005 0000 03 01 00");
        refuses("0d 00 0002 0000");
    }

    @Test
    void anotherPageThanAskedForIsTheTargetsFault() {
        refuses("0e 00 0000");
    }

    private static Temperature temperature(String page) throws ProtocolException {
        return AnnotatedHex.answer(LogSense.temperature(), page);
    }

    private static void refuses(String page) {
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> temperature(page));
    }
}
