// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.pdu.LoginResponse;

/**
 * A Login Response with its data segment.
 *
 * @param text from position to limit, without padding; valid until the next exchange
 */
public record LoginAnswer(LoginResponse response, ByteBuffer text) {}
