// SPDX-License-Identifier: Apache-2.0
/**
 * The comparison with other initiators and exports; run from its source by {@code bench/compare}.
 */
@NullMarked
package org.lunlock.compare;

import org.jspecify.annotations.NullMarked;
