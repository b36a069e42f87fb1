// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.TransportException;

/** What a failure of the initiator means to a command: the one place where they are translated. */
final class Failures {
    private Failures() {}

    /**
     * @param what what could not be done, e.g. {@code volume backup cannot be used}
     */
    static LunlockException of(String what, IscsiException failure) {
        return new LunlockException(
                exitCode(failure),
                what + " (" + failure.getMessage() + "): " + next(failure),
                failure);
    }

    private static ExitCode exitCode(IscsiException failure) {
        return switch (failure) {
            case TransportException _ -> ExitCode.UNREACHABLE;
            case ProtocolException _ -> ExitCode.PROTOCOL;
            case LoginException _ -> ExitCode.LOGIN;
            case ScsiException _ -> ExitCode.IO;
            case FencedException _ -> ExitCode.LOST;
        };
    }

    private static String next(IscsiException failure) {
        return switch (failure) {
            case TransportException _ -> "check that the portal is up and reachable";
            case ProtocolException _ -> "check the target; its answers break the protocol";
            case LoginException login -> nextAfterRefusal(login);
            case ScsiException _ -> "check the target and its medium";
            case FencedException _ -> "see 'lunlock locks' for who has it";
        };
    }

    private static String nextAfterRefusal(LoginException refusal) {
        return switch (refusal.status()) {
            case LoginException.AUTHENTICATION_FAILURE -> "check the CHAP user and secret";
            case LoginException.AUTHORIZATION_FAILURE ->
                    "allow this host's initiator name at the target";
            case LoginException.NOT_FOUND -> "see 'lunlock discover' for the names it has";
            default -> "check the login settings of the volume and of the target";
        };
    }
}
