// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.random.RandomGenerator;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.testkit.Property;
import org.lunlock.iscsi.testkit.ScsiRequests;

/** Whatever a target answers is either understood or its fault. */
class AnswersPropertyTest {
    private static final int ROUNDS = 4_000;

    static List<ScsiRequest<?>> requests() {
        return ScsiRequests.ALL;
    }

    @ParameterizedTest
    @MethodSource("requests")
    void anyBytesDecodeOrAreTheTargetsFault(ScsiRequest<?> request) {
        Property.holds(ROUNDS, random -> decodesOrIsTheTargetsFault(request, random));
    }

    private static void decodesOrIsTheTargetsFault(ScsiRequest<?> request, RandomGenerator random) {
        ByteBuffer dataIn = dataIn(request.cdb(), random);
        ByteBuffer untouched = dataIn.duplicate();
        try {
            request.answer().decode(dataIn);
        } catch (ProtocolException e) {
            // the other allowed outcome
        }
        Check.that(dataIn.equals(untouched), "a decoder leaves its buffer as it was");
    }

    /** Random bytes, mostly small so that lengths and counts are near the truth. */
    private static ByteBuffer dataIn(ByteBuffer cdb, RandomGenerator random) {
        byte[] bytes = new byte[random.nextInt(160)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(3));
        }
        boolean vitalProductData = cdb.get(0) == 0x12 && cdb.get(1) == 1;
        if (vitalProductData && bytes.length > 3 && random.nextInt(8) != 0) {
            bytes[1] = cdb.get(2); // the page asked for, else every round ends at this check
            bytes[2] = 0;
            bytes[3] = (byte) random.nextInt(Math.max(1, bytes.length));
        }
        int from = random.nextInt(bytes.length + 1);
        boolean whole = random.nextBoolean();
        return ByteBuffer.wrap(bytes, whole ? 0 : from, bytes.length - (whole ? 0 : from));
    }
}
