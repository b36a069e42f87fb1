// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;

/**
 * How long each step may take; the names are those of open-iscsi's settings where it has them.
 *
 * @param login connecting and logging in, one attempt
 * @param logout waiting for the Logout Response before the connection is closed anyway
 * @param noopOutInterval silence after which the target is pinged
 * @param noopOutTimeout silence after the ping that means the connection is lost
 * @param replacement from losing a connection until commands fail if the session is not reinstated
 * @param command from sending a command until it is aborted
 * @param abort waiting for the response to ABORT TASK, or a query, before the logical unit is reset
 * @param logicalUnitReset waiting for the response to LOGICAL UNIT RESET before the connection is
 *     given up; also to ABORT TASK SET and CLEAR TASK SET
 * @param targetReset waiting for the response to a reset of the target
 */
public record Timeouts(
        Duration login,
        Duration logout,
        Duration noopOutInterval,
        Duration noopOutTimeout,
        Duration replacement,
        Duration command,
        Duration abort,
        Duration logicalUnitReset,
        Duration targetReset) {

    /** What open-iscsi takes by default; a command has 60 s. */
    public static final Timeouts DEFAULT =
            new Timeouts(
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(120),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30));

    public Timeouts withLogin(Duration login) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withLogout(Duration logout) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withNoopOutInterval(Duration noopOutInterval) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withNoopOutTimeout(Duration noopOutTimeout) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withReplacement(Duration replacement) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withCommand(Duration command) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withAbort(Duration abort) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withLogicalUnitReset(Duration logicalUnitReset) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }

    public Timeouts withTargetReset(Duration targetReset) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                abort,
                logicalUnitReset,
                targetReset);
    }
}
