// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.time.Duration;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;

/** Time-outs short enough for a test to see one of them pass; the others stay long. */
public final class Impatience {
    private Impatience() {}

    /** With silence for so long, and for so long again after a ping. */
    public static Timeouts withSilence(Duration interval, Duration timeout) {
        return ScriptedTarget.patient()
                .with(Step.NOOP_OUT_INTERVAL, interval)
                .with(Step.NOOP_OUT_TIMEOUT, timeout);
    }

    /** With a command that is not answered, nor its abort, nor the reset after that. */
    public static Timeouts withCommands(Duration command) {
        return withAborts(command, command).with(Step.LOGICAL_UNIT_RESET, command);
    }

    /** With a command that is not answered, nor its abort. */
    public static Timeouts withAborts(Duration command, Duration abort) {
        return ScriptedTarget.patient().with(Step.COMMAND, command).with(Step.ABORT, abort);
    }

    /** With a session that does not come back. */
    public static Timeouts withReplacement(Duration replacement) {
        return ScriptedTarget.patient().with(Step.REPLACEMENT, replacement);
    }

    /** With a Login Request that is not answered, and the session that does not come back. */
    public static Timeouts withLogins(Duration login, Duration replacement) {
        return ScriptedTarget.patient().with(Step.LOGIN, login).with(Step.REPLACEMENT, replacement);
    }

    /** With a Logout Request that is not answered. */
    public static Timeouts withLogout(Duration logout) {
        return ScriptedTarget.patient().with(Step.LOGOUT, logout);
    }

    /** With a LOGICAL UNIT RESET that is not answered. */
    public static Timeouts withReset(Duration reset) {
        return ScriptedTarget.patient().with(Step.LOGICAL_UNIT_RESET, reset);
    }
}
