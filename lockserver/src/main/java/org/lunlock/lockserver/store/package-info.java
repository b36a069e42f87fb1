// SPDX-License-Identifier: Apache-2.0
/** What outlives the lock server: locks, history and audit log, and the bearer tokens. */
@NullMarked
package org.lunlock.lockserver.store;

import org.jspecify.annotations.NullMarked;
