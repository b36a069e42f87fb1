// SPDX-License-Identifier: Apache-2.0
/** One thread that changes the locks, and tells nobody before the disk knows. */
@NullMarked
package org.lunlock.lockserver.clerk;

import org.jspecify.annotations.NullMarked;
