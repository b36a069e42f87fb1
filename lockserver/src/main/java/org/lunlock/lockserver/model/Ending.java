// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

/** How a claim ended. */
public enum Ending {
    /** Its host gave it back, or stopped waiting. */
    RELEASED,
    /** Its host was not heard in time. */
    EXPIRED,
    /** Somebody with the right took it away. */
    FORCED
}
