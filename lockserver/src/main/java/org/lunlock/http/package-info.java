// SPDX-License-Identifier: Apache-2.0
/** Asking by HTTP, with an end to it. */
@NullMarked
package org.lunlock.http;

import org.jspecify.annotations.NullMarked;
