// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.LoginException;

/** What the reasons to refuse a login mean. RFC 7143 §11.13.5 (Status-Class and Status-Detail). */
enum LoginStatus {
    INITIATOR_ERROR(0x0200, "the target blames the initiator"),
    AUTHENTICATION_FAILURE(
            LoginException.AUTHENTICATION_FAILURE, "CHAP user or secret wrong or missing"),
    AUTHORIZATION_FAILURE(
            LoginException.AUTHORIZATION_FAILURE, "this initiator is not allowed to use it"),
    NOT_FOUND(LoginException.NOT_FOUND, "no target of that name at this portal"),
    TARGET_REMOVED(0x0204, "the target was removed and will not come back"),
    UNSUPPORTED_VERSION(0x0205, "the target speaks another version of iSCSI"),
    TOO_MANY_CONNECTIONS(0x0206, "too many connections in this session"),
    MISSING_PARAMETER(0x0207, "a parameter is missing"),
    CANNOT_INCLUDE_IN_SESSION(0x0208, "the session does not reach to this portal"),
    SESSION_TYPE_NOT_SUPPORTED(0x0209, "sessions of this type are not supported"),
    SESSION_DOES_NOT_EXIST(0x020a, "the session to join does not exist"),
    INVALID_DURING_LOGIN(0x020b, "the request is invalid during login"),
    TARGET_ERROR(0x0300, "the target had an error of its own"),
    /** What LIO answers for a target name that it does not know. */
    SERVICE_UNAVAILABLE(0x0301, "no such target, or it is not available now"),
    OUT_OF_RESOURCES(0x0302, "the target is out of resources; try again later");

    private final int code;
    private final String words;

    LoginStatus(int code, String words) {
        this.code = code;
        this.words = words;
    }

    int code() {
        return code;
    }

    /** The meaning of a status; of its class alone, when the detail is unknown. */
    static String words(int code) {
        LoginStatus exact = find(code);
        if (exact != null) {
            return exact.words;
        }
        LoginStatus general = find(code & 0xff00);
        return general != null ? general.words : "for a reason that is not defined";
    }

    private static @Nullable LoginStatus find(int code) {
        for (LoginStatus status : values()) {
            if (status.code == code) {
                return status;
            }
        }
        return null;
    }
}
