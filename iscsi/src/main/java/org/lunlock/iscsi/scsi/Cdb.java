// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ScsiStatus;

/**
 * A command descriptor block while it is written, field by field at the standard's byte numbers.
 */
final class Cdb {
    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private final ByteBuffer bytes;

    Cdb(int lengthBytes, int operationCode) {
        bytes = ByteBuffer.allocate(lengthBytes);
        u8(0, operationCode);
    }

    Cdb u8(int at, int value) {
        Check.that(value >= 0 && value <= 0xff, "a CDB field has one byte");
        bytes.put(at, (byte) value);
        return this;
    }

    Cdb u16(int at, int value) {
        Check.that(value >= 0 && value <= 0xffff, "a CDB field has two bytes");
        bytes.putShort(at, (short) value);
        return this;
    }

    Cdb u32(int at, int value) {
        bytes.putInt(at, value);
        return this;
    }

    Cdb u64(int at, long value) {
        bytes.putLong(at, value);
        return this;
    }

    /** A command that moves no data and may be sent twice. */
    ScsiRequest<ScsiStatus> noData(String name) {
        return new ScsiRequest<>(
                name, bytes.asReadOnlyBuffer(), NO_DATA, 0, true, Cdb::statusAlone);
    }

    /** A command that only reads, so it may be sent twice. */
    <T> ScsiRequest<T> dataIn(String name, int allocationLength, ScsiRequest.Answer<T> answer) {
        return new ScsiRequest<>(
                name, bytes.asReadOnlyBuffer(), NO_DATA, allocationLength, true, answer);
    }

    /** A command with a parameter list, which begins at the buffer's byte 0 and fills it. */
    ScsiRequest<ScsiStatus> dataOut(String name, ByteBuffer parameters, boolean repeatable) {
        return new ScsiRequest<>(
                name,
                bytes.asReadOnlyBuffer(),
                parameters.rewind().asReadOnlyBuffer(),
                0,
                repeatable,
                Cdb::statusAlone);
    }

    private static ScsiStatus statusAlone(ByteBuffer dataIn) {
        return ScsiStatus.GOOD;
    }
}
