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
 * @param command from sending a command until the connection that did not answer it is given up
 * @param logicalUnitReset waiting for the response to a reset
 */
public record Timeouts(
        Duration login,
        Duration logout,
        Duration noopOutInterval,
        Duration noopOutTimeout,
        Duration replacement,
        Duration command,
        Duration logicalUnitReset) {

    /** What open-iscsi takes by default; a command has 60 s. */
    public static final Timeouts DEFAULT =
            new Timeouts(
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(15),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(5),
                    Duration.ofSeconds(120),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(30));

    public Timeouts withLogin(Duration login) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                logicalUnitReset);
    }

    public Timeouts withReplacement(Duration replacement) {
        return new Timeouts(
                login,
                logout,
                noopOutInterval,
                noopOutTimeout,
                replacement,
                command,
                logicalUnitReset);
    }
}
