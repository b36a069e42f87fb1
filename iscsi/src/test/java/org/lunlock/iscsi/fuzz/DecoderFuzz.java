// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.fuzz;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.login.SendTargets;
import org.lunlock.iscsi.login.TextKeys;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.TargetPdu;
import org.lunlock.iscsi.testkit.ScsiRequests;

/** Any bytes decode, or are a {@link ProtocolException}. */
public final class DecoderFuzz {
    private DecoderFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(FuzzedDataProvider data) {
        int which = data.consumeInt(-4, ScsiRequests.ALL.size() - 1);
        byte[] bytes = data.consumeRemainingAsBytes();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        try {
            switch (which) {
                case -4 -> TargetPdu.decode(ByteBuffer.allocate(Bhs.LENGTH).put(0, head(bytes)));
                case -3 -> Sense.decode(buffer);
                case -2 -> TextKeys.parse(buffer);
                case -1 -> SendTargets.parse(buffer);
                default -> ScsiRequests.ALL.get(which).answer().decode(buffer);
            }
        } catch (ProtocolException e) {
            // the other allowed outcome
        }
    }

    private static byte[] head(byte[] bytes) {
        return Arrays.copyOf(bytes, Math.min(bytes.length, Bhs.LENGTH));
    }
}
