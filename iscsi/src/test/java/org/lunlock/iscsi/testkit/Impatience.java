// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.time.Duration;
import org.lunlock.iscsi.session.Timeouts;

/** Time-outs short enough for a test to see one of them pass; the others stay long. */
public final class Impatience {
    private Impatience() {}

    /** With silence for so long, and for so long again after a ping. */
    public static Timeouts withSilence(Duration interval, Duration timeout) {
        return ScriptedTarget.patient().withNoopOutInterval(interval).withNoopOutTimeout(timeout);
    }

    /** With a command that is not answered, nor its abort, nor the reset after that. */
    public static Timeouts withCommands(Duration command) {
        return withAborts(command, command).withLogicalUnitReset(command);
    }

    /** With a command that is not answered, nor its abort. */
    public static Timeouts withAborts(Duration command, Duration abort) {
        return ScriptedTarget.patient().withCommand(command).withAbort(abort);
    }

    /** With a session that does not come back. */
    public static Timeouts withReplacement(Duration replacement) {
        return ScriptedTarget.patient().withReplacement(replacement);
    }

    /** With a Login Request that is not answered, and the session that does not come back. */
    public static Timeouts withLogins(Duration login, Duration replacement) {
        return ScriptedTarget.patient().withLogin(login).withReplacement(replacement);
    }

    /** With a Logout Request that is not answered. */
    public static Timeouts withLogout(Duration logout) {
        return ScriptedTarget.patient().withLogout(logout);
    }

    /** With a LOGICAL UNIT RESET that is not answered. */
    public static Timeouts withReset(Duration reset) {
        return ScriptedTarget.patient().withLogicalUnitReset(reset);
    }
}
