// SPDX-License-Identifier: Apache-2.0
/**
 * The lock: who may use a volume, and how the target is made to enforce it. {@link
 * org.lunlock.lock.Lease} decides and does no I/O; {@link org.lunlock.lock.TargetLock} runs it. The
 * protocol and its proof are in docs/fencing.md.
 */
@NullMarked
package org.lunlock.lock;

import org.jspecify.annotations.NullMarked;
