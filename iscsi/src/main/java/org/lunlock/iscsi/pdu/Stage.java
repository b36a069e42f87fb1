// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import org.lunlock.iscsi.ProtocolException;

/**
 * Where a login stands, or wants to go: the values of CSG and NSG. RFC 7143 §11.12.3 (CSG and NSG).
 */
public enum Stage implements Coded {
    SECURITY_NEGOTIATION(0),
    LOGIN_OPERATIONAL_NEGOTIATION(1),
    FULL_FEATURE_PHASE(3);

    private static final Stage[] ALL = values();

    private final int code;

    Stage(int code) {
        this.code = code;
    }

    @Override
    public int code() {
        return code;
    }

    static Stage of(int code) throws ProtocolException {
        return Coded.of(ALL, code, "login stage");
    }
}
