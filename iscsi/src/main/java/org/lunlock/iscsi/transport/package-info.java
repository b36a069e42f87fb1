// SPDX-License-Identifier: Apache-2.0
/** PDUs on a TCP connection: framing, digests, gather-writes and reads into the caller's buffer. */
@NullMarked
package org.lunlock.iscsi.transport;

import org.jspecify.annotations.NullMarked;
