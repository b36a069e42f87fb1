// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import org.lunlock.iscsi.login.LoginOutcome.Redirected;

/**
 * Leaves the straight line of a login, as a target may redirect in answer to any request. Caught in
 * {@link LoginDialogue#run}; no caller of the package sees it.
 */
final class RedirectedException extends Exception {
    private final transient Redirected outcome;

    RedirectedException(Redirected outcome) {
        super(null, null, false, false);
        this.outcome = outcome;
    }

    Redirected outcome() {
        return outcome;
    }
}
