// SPDX-License-Identifier: Apache-2.0
/**
 * The way from a device file to a mounted file system and back: loop device, what is on it, mount,
 * and all of that undone in order. The system's own tools do the work, without a shell and each
 * with a deadline.
 */
@NullMarked
package org.lunlock.attach;

import org.jspecify.annotations.NullMarked;
