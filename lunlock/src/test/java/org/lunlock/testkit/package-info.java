// SPDX-License-Identifier: Apache-2.0
/** What several tests of the product stand on. */
@NullMarked
package org.lunlock.testkit;

import org.jspecify.annotations.NullMarked;
