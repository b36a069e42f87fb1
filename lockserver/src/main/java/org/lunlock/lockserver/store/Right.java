// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

/** What a bearer token allows; each includes those before it. */
public enum Right {
    /** See a volume, wait for it, hold it. */
    USE,
    /** Take it away from its holder. */
    FORCE,
    /** Read the audit log. */
    ADMIN
}
