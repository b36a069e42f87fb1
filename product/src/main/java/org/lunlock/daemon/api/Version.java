// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

/** Which lunlock this is. */
public final class Version {
    public static final String CURRENT = "0.1.0-SNAPSHOT";

    private Version() {}
}
