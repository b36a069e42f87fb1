// SPDX-License-Identifier: Apache-2.0
/** The lock server: who holds which volume, who waits, who held it; for hosts and for people. */
@NullMarked
package org.lunlock.lockserver;

import org.jspecify.annotations.NullMarked;
