// SPDX-License-Identifier: Apache-2.0
/** Fixtures that tests of several packages share. */
@NullMarked
package org.lunlock.testkit;

import org.jspecify.annotations.NullMarked;
