// SPDX-License-Identifier: Apache-2.0
/**
 * One block device as an NBD export, for virtual machines and the tools of libnbd and qemu. The
 * protocol is that of the NBD project's {@code doc/proto.md}: fixed newstyle negotiation with TLS,
 * structured replies, extended headers and block status.
 */
@NullMarked
package org.lunlock.export.nbd;

import org.jspecify.annotations.NullMarked;
