// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static org.lunlock.export.nbd.Protocol.CMD_FLAG_DF;
import static org.lunlock.export.nbd.Protocol.CMD_FLAG_FAST_ZERO;
import static org.lunlock.export.nbd.Protocol.CMD_FLAG_FUA;
import static org.lunlock.export.nbd.Protocol.CMD_FLAG_NO_HOLE;
import static org.lunlock.export.nbd.Protocol.CMD_FLAG_PAYLOAD_LEN;
import static org.lunlock.export.nbd.Protocol.CMD_FLAG_REQ_ONE;

import org.jspecify.annotations.Nullable;

/** What a client asks for: NBD_CMD_*, each with the flags that it may have beside FUA. */
enum Command {
    READ(0, CMD_FLAG_DF),
    WRITE(1, CMD_FLAG_PAYLOAD_LEN),
    DISCONNECT(2, 0),
    FLUSH(3, 0),
    TRIM(4, 0),
    WRITE_ZEROES(6, CMD_FLAG_NO_HOLE | CMD_FLAG_FAST_ZERO),
    BLOCK_STATUS(7, CMD_FLAG_REQ_ONE);

    private static final @Nullable Command[] BY_CODE = new @Nullable Command[8];

    static {
        for (Command command : values()) {
            BY_CODE[command.code] = command;
        }
    }

    private final int code;
    private final int flags;

    Command(int code, int flags) {
        this.code = code;
        this.flags = flags | CMD_FLAG_FUA;
    }

    int code() {
        return code;
    }

    boolean allows(int flags) {
        return (flags & ~this.flags) == 0;
    }

    static @Nullable Command of(int code) {
        return code >= 0 && code < BY_CODE.length ? BY_CODE[code] : null;
    }
}
