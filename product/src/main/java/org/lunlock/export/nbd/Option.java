// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import org.jspecify.annotations.Nullable;

/** What a client can ask for before it sends requests: NBD_OPT_*. */
enum Option {
    EXPORT_NAME(1),
    ABORT(2),
    LIST(3),
    STARTTLS(5),
    INFO(6),
    GO(7),
    STRUCTURED_REPLY(8),
    LIST_META_CONTEXT(9),
    SET_META_CONTEXT(10),
    EXTENDED_HEADERS(11);

    private final int code;

    Option(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }

    static @Nullable Option of(int code) {
        for (Option option : values()) {
            if (option.code == code) {
                return option;
            }
        }
        return null;
    }
}
