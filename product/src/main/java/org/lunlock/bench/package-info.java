// SPDX-License-Identifier: Apache-2.0
/** How fast a block device is: a load of requests, and what is measured meanwhile. */
@NullMarked
package org.lunlock.bench;

import org.jspecify.annotations.NullMarked;
