// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import org.lunlock.iscsi.Portal;

/** How a login ended that was not refused. */
public sealed interface LoginOutcome {

    /** The connection is in the full feature phase. */
    record LoggedIn(Settings settings) implements LoginOutcome {}

    /**
     * The target is to be found elsewhere; this connection is of no more use. RFC 7143 §11.13.5
     * (Status-Class and Status-Detail).
     *
     * @param permanent whether the old portal is not to be asked again
     */
    record Redirected(Portal portal, boolean permanent) implements LoginOutcome {}
}
