// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.ProtocolException;

/**
 * The header of a call. RFC 5531, struct call_body.
 *
 * @param userId who calls, by AUTH_SYS; {@link #NOBODY} when he does not say
 */
record RpcCall(int xid, int program, int version, int procedure, long userId) {
    static final long NOBODY = -1;

    private static final int CALL = 0;
    private static final int RPC_VERSION = 2;
    private static final int AUTH_SYS = 1;
    private static final int AUTH_BYTES_MAX = 400;
    private static final int MACHINE_NAME_BYTES_MAX = 255;

    /** Leaves the buffer's position at the arguments. */
    static RpcCall decode(ByteBuffer from) throws ProtocolException {
        int xid = from.getInt();
        int type = from.getInt();
        int rpcVersion = from.getInt();
        if (type != CALL || rpcVersion != RPC_VERSION) {
            throw new ProtocolException(
                    "RPC message type %d, version %d".formatted(type, rpcVersion));
        }
        int program = from.getInt();
        int version = from.getInt();
        int procedure = from.getInt();
        int flavor = from.getInt();
        byte[] credentials = Xdr.opaque(from, AUTH_BYTES_MAX);
        int _ = from.getInt(); // the verifier's flavor
        byte[] _ = Xdr.opaque(from, AUTH_BYTES_MAX);
        long userId = flavor == AUTH_SYS ? userId(ByteBuffer.wrap(credentials)) : NOBODY;
        return new RpcCall(xid, program, version, procedure, userId);
    }

    /**
     * RFC 5531, struct authsys_parms: stamp, machine name, user id, and groups that nobody uses.
     */
    private static long userId(ByteBuffer parameters) {
        int _ = parameters.getInt();
        byte[] _ = Xdr.opaque(parameters, MACHINE_NAME_BYTES_MAX);
        return Integer.toUnsignedLong(parameters.getInt());
    }
}
