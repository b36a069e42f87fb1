// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.OptionalInt;
import org.lunlock.iscsi.ProtocolException;

/** What a logical unit has noted about itself. SPC-4, LOG SENSE. */
public final class LogSense {
    private static final int TEMPERATURE_PAGE = 0x0d;
    private static final int TEMPERATURE_PARAMETER = 0x0000;
    private static final int REFERENCE_PARAMETER = 0x0001;

    /** The value that says that there is none. */
    private static final int NOT_AVAILABLE = 0xff;

    /** PC, page control: the cumulative values, which are the current ones of this page. */
    private static final int CUMULATIVE_VALUES = 0x40;

    private static final int ALLOCATION_LENGTH = 252;
    private static final int HEADER_LENGTH = 4;

    /**
     * How warm the device is. SPC-4, Temperature log page.
     *
     * @param celsius empty when the device cannot tell
     * @param referenceCelsius above this it should not be used for long; empty when it has none
     */
    public record Temperature(OptionalInt celsius, OptionalInt referenceCelsius) {}

    private LogSense() {}

    /** A logical unit without thermometer refuses this with ILLEGAL REQUEST. */
    public static ScsiRequest<Temperature> temperature() {
        return new Cdb(10, 0x4d)
                .u8(2, CUMULATIVE_VALUES | TEMPERATURE_PAGE)
                .u16(7, ALLOCATION_LENGTH)
                .dataIn("LOG SENSE, Temperature", ALLOCATION_LENGTH, LogSense::decode);
    }

    private static Temperature decode(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("Temperature log page", dataIn);
        if ((data.u8(0) & 0x3f) != TEMPERATURE_PAGE) {
            throw new ProtocolException(
                    "asked for log page 0Dh, got %02Xh".formatted(data.u8(0) & 0x3f));
        }
        Fields page = data.part(0, HEADER_LENGTH + data.u16(2)); // PAGE LENGTH
        OptionalInt celsius = OptionalInt.empty();
        OptionalInt reference = OptionalInt.empty();
        int at = HEADER_LENGTH;
        while (at < page.length()) {
            int length = page.u8(at + 3); // PARAMETER LENGTH
            Fields parameter = page.part(at, HEADER_LENGTH + length);
            switch (parameter.u16(0)) { // PARAMETER CODE
                case TEMPERATURE_PARAMETER -> celsius = degrees(parameter);
                case REFERENCE_PARAMETER -> reference = degrees(parameter);
                default -> {} // a later standard's
            }
            at += parameter.length();
        }
        return new Temperature(celsius, reference);
    }

    private static OptionalInt degrees(Fields parameter) throws ProtocolException {
        int value = parameter.u8(HEADER_LENGTH + 1);
        return value == NOT_AVAILABLE ? OptionalInt.empty() : OptionalInt.of(value);
    }
}
