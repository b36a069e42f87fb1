// SPDX-License-Identifier: Apache-2.0
/**
 * System calls that the JDK does not offer, through the foreign function interface: Linux on x86_64
 * and aarch64. Depends on nothing; knows nothing of volumes.
 */
@NullMarked
package org.lunlock.posix;

import org.jspecify.annotations.NullMarked;
