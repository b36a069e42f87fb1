// SPDX-License-Identifier: Apache-2.0
/** Micro benchmarks of what the data path does with each PDU; run by {@code bench/micro}. */
@NullMarked
package org.lunlock.micro;

import org.jspecify.annotations.NullMarked;
