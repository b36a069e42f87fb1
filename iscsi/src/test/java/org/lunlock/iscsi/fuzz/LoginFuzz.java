// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.fuzz;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import java.nio.ByteBuffer;
import java.util.List;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.ChapAlgorithm;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.LoginAnswer;
import org.lunlock.iscsi.login.LoginChannel;
import org.lunlock.iscsi.login.LoginDialogue;
import org.lunlock.iscsi.login.LoginIdentity;
import org.lunlock.iscsi.login.LoginOutcome;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.login.Settings;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.pdu.TargetPdu;
import org.lunlock.iscsi.testkit.ScriptedTarget;

/**
 * Whatever a target says in a login: it ends, in time and with an {@link IscsiException}, or with
 * settings within what was offered; who had to prove himself and could not is never let in.
 */
public final class LoginFuzz {
    /** Far more than any login takes; a target that is still talking then talks for ever. */
    private static final int EXCHANGES_MAX = 10_000;

    private static final LoginIdentity IDENTITY =
            LoginIdentity.normal(
                    ScriptedTarget.INITIATOR, ScriptedTarget.ISID, 1, ScriptedTarget.NAME);
    private static final LoginParameters PARAMETERS =
            LoginParameters.DEFAULTS.withChapAlgorithms(List.of(ChapAlgorithm.values()));
    private static final Credentials MUTUAL =
            new Credentials(
                    "initiator",
                    Secret.of("incomingsecret"),
                    new Credentials.Mutual("target", Secret.of("outgoingsecret")));

    private LoginFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(FuzzedDataProvider data) {
        boolean mutual = data.consumeBoolean();
        HostileChannel target = new HostileChannel(data);
        try {
            LoginOutcome outcome =
                    new LoginDialogue(IDENTITY, PARAMETERS, mutual ? MUTUAL : null, target).run();
            if (outcome instanceof LoginOutcome.LoggedIn(Settings settings)) {
                Check.that(!mutual, "a target without the secret is not logged in to");
                Check.that(settings.maxOutstandingR2t() <= 8, "no more R2Ts than offered");
                Check.that(
                        settings.firstBurstLength() <= settings.maxBurstLength(),
                        "FirstBurstLength is within MaxBurstLength");
            }
        } catch (IscsiException e) {
            // the other allowed outcome
        }
    }

    /** Answers with what the fuzzer made up, near enough to the truth to get further. */
    private static final class HostileChannel implements LoginChannel {
        private final FuzzedDataProvider data;
        private int exchanges;

        HostileChannel(FuzzedDataProvider data) {
            this.data = data;
        }

        @Override
        public LoginAnswer exchange(LoginRequest request, ByteBuffer text) throws IscsiException {
            Check.that(exchanges++ < EXCHANGES_MAX, "a login ends");
            if (data.remainingBytes() == 0) {
                throw new TransportException("the target closed the connection");
            }
            ByteBuffer bhs = ByteBuffer.allocate(Bhs.LENGTH);
            request.encode(bhs); // same stages, ISID and tag
            bhs.put(0, (byte) 0x23)
                    .put(1, (byte) (bhs.get(1) ^ data.consumeByte()))
                    .putShort(14, (short) data.consumeInt(0, 1)) // TSIH
                    .putInt(24, request.expStatSn()) // StatSN
                    .putInt(28, request.cmdSn()) // ExpCmdSN
                    .putInt(32, request.cmdSn()); // MaxCmdSN
            for (int i = data.consumeInt(0, 2); i > 0; i--) {
                bhs.put(data.consumeInt(2, Bhs.LENGTH - 1), data.consumeByte());
            }
            ByteBuffer answer = ByteBuffer.wrap(data.consumeBytes(data.consumeInt(0, 1000)));
            bhs.putInt(4, answer.remaining());
            if (TargetPdu.decode(bhs) instanceof LoginResponse response) {
                return new LoginAnswer(response, answer);
            }
            throw new ProtocolException("no Login Response");
        }
    }
}
