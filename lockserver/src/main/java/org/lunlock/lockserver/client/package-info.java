// SPDX-License-Identifier: Apache-2.0
/** How a host uses a lock server: asks, waits, keeps what it was granted, gives it back. */
@NullMarked
package org.lunlock.lockserver.client;

import org.jspecify.annotations.NullMarked;
