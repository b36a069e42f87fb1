// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.fuzz;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/**
 * Whatever a target sends in the full feature phase: a read and a write that are under way end,
 * once each, and not by a bug of ours.
 */
public final class SessionFuzz {
    /**
     * Nobody waits here: the peer closes the connection in the end, and then commands that are sent
     * once end, too. So no time-out may put in what the peer does not expect, such as a ping while
     * the classes of the first dialogue are instrumented.
     */
    private static final Timeouts PATIENT =
            Timeouts.all(Duration.ofSeconds(30)).with(Step.REPLACEMENT, Duration.ofMillis(200));

    private static final int PDUS_MAX = 16;

    private static final int ITS_TAG = 1;
    private static final int NEXT_STAT_SN = 2;
    private static final int WINDOW = 4;
    private static final int TRUE_LENGTH = 8;
    private static final int NO_AHS = 16;

    private SessionFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(FuzzedDataProvider data) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().key(Key.MAX_OUTSTANDING_R2T, 4).start();
                Session session = target.login(PATIENT)) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(1024).conduct(Conduct.ONCE).on(session);
            ScsiCommand readCommand = peer.expectCommand();
            Io write = Io.write(new byte[8192]).conduct(Conduct.ONCE).on(session);
            ScsiCommand writeCommand = peer.expectCommand();
            try {
                int statSn = peer.statSn();
                for (int i = 0; i < PDUS_MAX && data.remainingBytes() > 0; i++) {
                    ScsiCommand command = data.consumeBoolean() ? readCommand : writeCommand;
                    statSn += attack(peer, command, statSn, data);
                }
                peer.close();
            } catch (UncheckedIOException e) {
                // the initiator had enough in the middle of it
            }
            checkThatNoBugEnded(read.ends());
            checkThatNoBugEnded(write.ends());
        }
    }

    /** Sends a PDU that is wrong in some way; returns by how much StatSN is to go on. */
    private static int attack(
            ScriptedConnection peer, ScsiCommand command, int statSn, FuzzedDataProvider data) {
        int truths = data.consumeByte();
        ByteBuffer bhs = ByteBuffer.wrap(Arrays.copyOf(data.consumeBytes(Bhs.LENGTH), Bhs.LENGTH));
        byte[] segment = data.consumeBytes(data.consumeInt(0, 1100));
        if ((truths & ITS_TAG) != 0) {
            bhs.putInt(16, command.initiatorTaskTag());
        }
        if ((truths & NEXT_STAT_SN) != 0) {
            bhs.putInt(24, statSn);
        }
        if ((truths & WINDOW) != 0) {
            bhs.putInt(28, peer.expCmdSn()).putInt(32, peer.maxCmdSn());
        }
        if ((truths & TRUE_LENGTH) != 0) {
            bhs.putInt(4, bhs.getInt(4) & 0xff00_0000 | segment.length);
        }
        if ((truths & NO_AHS) != 0) {
            bhs.put(4, (byte) 0);
        }
        peer.sendBytes(bhs.array(), segment, new byte[-segment.length & 3]);
        return data.consumeBoolean() ? 1 : 0;
    }

    private static void checkThatNoBugEnded(Io ended) {
        for (Throwable t = ended.failure(); t != null; t = t.getCause()) {
            Check.that(!(t instanceof RuntimeException || t instanceof Error), t.toString());
        }
    }
}
