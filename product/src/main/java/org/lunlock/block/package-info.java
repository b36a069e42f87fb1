// SPDX-License-Identifier: Apache-2.0
/** A logical unit as a range of bytes, with the lease guard in it. */
@NullMarked
package org.lunlock.block;

import org.jspecify.annotations.NullMarked;
