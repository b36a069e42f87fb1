// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.pdu.Stage;

/** The target's half of a login that agrees to what a test wants and authenticates nobody. */
final class ScriptedLogin {
    private static final int TSIH = 7;
    private static final byte[] NOTHING = {};
    private static final Set<Key> OF_EACH_CONNECTION =
            Set.of(Key.HEADER_DIGEST, Key.DATA_DIGEST, Key.MAX_RECV_DATA_SEGMENT_LENGTH);

    private final ScriptedConnection connection;
    private final ScriptedTarget.Options options;

    ScriptedLogin(ScriptedConnection connection, ScriptedTarget.Options options) {
        this.connection = connection;
        this.options = options;
    }

    /**
     * Goes through both stages and turns the digests on. Returns false when it refused.
     *
     * @param session what one that comes back or joins goes on with
     */
    boolean accept(@Nullable ScriptedNumbers session) throws IOException {
        LoginRequest request = (LoginRequest) connection.receive();
        connection.loggingIn(request);
        if (request.tsih() != 0 && options.forgetsSessions) {
            connection.sendBytes(answerTo(request, "", 0x02, 0x0a));
            connection.close();
            return false;
        }
        boolean joins = joins(request, session);
        if (options.chapWithMd5Alone) {
            request = authenticate(request);
            if (request == null) {
                return false;
            }
        }
        while (request.currentStage() == Stage.SECURITY_NEGOTIATION) {
            connection.sendBytes(
                    answerTo(request, "AuthMethod=None\0TargetPortalGroupTag=1\0", 0, 0));
            request = (LoginRequest) connection.receive();
        }
        StringBuilder keys = new StringBuilder();
        options.keys.forEach((key, value) -> {
            if (!joins || OF_EACH_CONNECTION.contains(key)) {
                keys.append(key).append('=').append(value).append('\0');
            }
        });
        byte[] last = answerTo(request, keys.toString(), 0, 0);
        connection.loggedIn(
                "CRC32C".equals(options.keys.get(Key.HEADER_DIGEST)),
                "CRC32C".equals(options.keys.get(Key.DATA_DIGEST)));
        connection.sendBytes(last, options.pingsAtOnce ? connection.encodedPing(1) : NOTHING);
        return true;
    }

    private boolean joins(LoginRequest request, @Nullable ScriptedNumbers session) {
        if (session == null || request.tsih() != TSIH) {
            return false;
        }
        connection.joins(session);
        return true;
    }

    /** Returns the first request after the security negotiation, or null when it was refused. */
    private @Nullable LoginRequest authenticate(LoginRequest first) throws IOException {
        connection.sendBytes(answerTo(first, "AuthMethod=CHAP\0TargetPortalGroupTag=1\0", 0, 0));
        LoginRequest algorithms = (LoginRequest) connection.receive();
        if (!new String(connection.data(), StandardCharsets.UTF_8).equals("CHAP_A=5\0")) {
            connection.sendBytes(answerTo(algorithms, "", 0x02, 0x01));
            connection.close();
            return null;
        }
        connection.sendBytes(
                answerTo(algorithms, "CHAP_A=5\0CHAP_I=1\0CHAP_C=0x0102030405060708\0", 0, 0));
        LoginRequest response = (LoginRequest) connection.receive();
        connection.sendBytes(answerTo(response, "", 0, 0));
        return (LoginRequest) connection.receive();
    }

    void refuse(int statusClass, int statusDetail) throws IOException {
        LoginRequest request = (LoginRequest) connection.receive();
        connection.loggingIn(request);
        connection.sendBytes(answerTo(request, "", statusClass, statusDetail));
        connection.close();
    }

    void redirect(Portal portal) throws IOException {
        LoginRequest request = (LoginRequest) connection.receive();
        connection.loggingIn(request);
        connection.sendBytes(answerTo(request, "TargetAddress=" + portal + "\0", 0x01, 0x01));
    }

    private byte[] answerTo(LoginRequest request, String text, int statusClass, int statusDetail) {
        byte[] keys = text.getBytes(StandardCharsets.UTF_8);
        boolean last = request.transit() && request.nextStage() == Stage.FULL_FEATURE_PHASE;
        return connection.encoded(
                new LoginResponse(
                        request.transit(),
                        false,
                        request.currentStage(),
                        request.nextStage(),
                        0,
                        0,
                        keys.length,
                        request.isid(),
                        last ? TSIH : 0,
                        request.initiatorTaskTag(),
                        connection.takeStatSn(),
                        connection.expCmdSn(),
                        connection.maxCmdSn(),
                        statusClass,
                        statusDetail),
                keys,
                _ -> {});
    }
}
