// SPDX-License-Identifier: Apache-2.0
/**
 * One block device as the only file of an NFS server on the loopback interface, for systems whose
 * kernel has nothing better to attach it with. NFS version 3 and its MOUNT protocol, RFC 1813, over
 * ONC RPC, RFC 5531, and TCP.
 */
@NullMarked
package org.lunlock.export.nfs;

import org.jspecify.annotations.NullMarked;
