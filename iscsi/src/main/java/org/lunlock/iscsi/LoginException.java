// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

/**
 * The target refused the login, or the login was refused by us because the target failed to prove
 * who it is. RFC 7143 §11.13.5 (Status-Class and Status-Detail).
 */
public final class LoginException extends IscsiException {

    /** Status-Class 2 with detail 1: the initiator could not be authenticated. */
    public static final int AUTHENTICATION_FAILURE = 0x0201;

    /** Status-Class 2 with detail 2: authenticated, but not allowed to use this target. */
    public static final int AUTHORIZATION_FAILURE = 0x0202;

    /** Status-Class 2 with detail 3: no target of that name at this portal. */
    public static final int NOT_FOUND = 0x0203;

    private final int status;

    /**
     * @param status Status-Class in bits 15-8, Status-Detail in bits 7-0; 0 when the refusal was
     *     ours
     */
    public LoginException(int status, String message) {
        super(message, null);
        this.status = status;
    }

    /** Status-Class in bits 15-8, Status-Detail in bits 7-0; 0 when the refusal was ours. */
    public int status() {
        return status;
    }

    /** 1 redirection, 2 initiator error, 3 target error; 0 when the refusal was ours. */
    public int statusClass() {
        return status >>> 8;
    }
}
