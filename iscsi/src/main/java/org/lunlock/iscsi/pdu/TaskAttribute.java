// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.pdu;

import org.lunlock.iscsi.ProtocolException;

/**
 * The order in which a logical unit may run a task. RFC 7143 §11.3.1 (Flags and Task Attributes
 * (Byte 1)).
 */
public enum TaskAttribute implements Coded {
    UNTAGGED(0),
    SIMPLE(1),
    ORDERED(2),
    HEAD_OF_QUEUE(3),
    ACA(4);

    private static final TaskAttribute[] ALL = values();

    private final int code;

    TaskAttribute(int code) {
        this.code = code;
    }

    @Override
    public int code() {
        return code;
    }

    static TaskAttribute of(int code) throws ProtocolException {
        return Coded.of(ALL, code, "task attribute");
    }
}
