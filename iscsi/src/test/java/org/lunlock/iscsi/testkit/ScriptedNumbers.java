// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;

/**
 * What the connections of one session share at a scripted target: how far commands came, and how
 * far they may go. Over several connections they come in any order.
 */
final class ScriptedNumbers {
    private final Set<Integer> ahead = new HashSet<>();
    private final int connectionsMax;
    private int expCmdSn;
    private int window;

    ScriptedNumbers(int connectionsMax, int expCmdSn, int window) {
        this.connectionsMax = connectionsMax;
        this.expCmdSn = expCmdSn;
        this.window = window;
    }

    /** A request that takes a CmdSN has come. */
    synchronized void received(int cmdSn, String what) {
        if (connectionsMax == 1) {
            assertThat(cmdSn).as("CmdSN of %s", what).isEqualTo(expCmdSn);
        }
        assertThat(cmdSn - maxCmdSn()).as("window, %s", what).isLessThanOrEqualTo(0);
        assertThat(cmdSn - expCmdSn).as("CmdSN of %s", what).isNotNegative();
        assertThat(ahead.add(cmdSn)).as("CmdSN of %s is new", what).isTrue();
        while (ahead.remove(expCmdSn)) {
            expCmdSn++;
            window--; // until it is answered
        }
    }

    /** A request that takes none says which is next: of those that come ahead others may be. */
    synchronized void said(int cmdSn, String what) {
        if (connectionsMax == 1) {
            assertThat(cmdSn).as("CmdSN of %s", what).isEqualTo(expCmdSn);
        }
    }

    /** A request that was the last to come was of no use: its number is still waited for. */
    synchronized void takeBack() {
        expCmdSn--;
        window++;
    }

    synchronized void answered() {
        window++;
    }

    synchronized void window(int commands) {
        window = commands;
    }

    synchronized int expCmdSn() {
        return expCmdSn;
    }

    synchronized int maxCmdSn() {
        return expCmdSn + window - 1;
    }
}
