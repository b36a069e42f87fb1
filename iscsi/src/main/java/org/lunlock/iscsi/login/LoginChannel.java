// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.pdu.LoginRequest;

/** Carries login PDUs over one connection. */
@FunctionalInterface
public interface LoginChannel {

    /**
     * Sends a request and waits for its response.
     *
     * @param request complete, its DataSegmentLength is that of the text
     * @param text from position to limit, without padding; not kept
     * @throws IscsiException a TransportException when the connection is lost or no response came
     *     in time, a ProtocolException when something else came
     */
    LoginAnswer exchange(LoginRequest request, ByteBuffer text) throws IscsiException;
}
