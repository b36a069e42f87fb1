// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

/**
 * What macOS does not let every program do, though its user may: reach the local network, and use
 * network volumes. Daemons of launchd, and what root starts, are exempt.
 */
final class MacPrivacy {
    private MacPrivacy() {}

    /** What helps when a tool was refused for that; empty when it was not. */
    static String hint(ExecResult refused) {
        return refused.err().contains("Operation not permitted")
                ? ": allow it in System Settings, Privacy & Security (Local Network, Files &"
                        + " Folders), or let launchd run the daemon as root"
                : "";
    }
}
