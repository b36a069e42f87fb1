// SPDX-License-Identifier: Apache-2.0
/**
 * One block device as one file of a Linux file system, served by the FUSE protocol on {@code
 * /dev/fuse} itself: no library between, so that discards, direct I/O and answers from any thread
 * are possible. The protocol is the kernel's {@code linux/fuse.h}, version 7.28 and later.
 */
@NullMarked
package org.lunlock.export.fuse;

import org.jspecify.annotations.NullMarked;
