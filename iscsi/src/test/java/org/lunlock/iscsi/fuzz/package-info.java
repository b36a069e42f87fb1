// SPDX-License-Identifier: Apache-2.0
/** Hostile targets that a fuzzer makes up, led by the code that it reaches. */
@NullMarked
package org.lunlock.iscsi.fuzz;

import org.jspecify.annotations.NullMarked;
