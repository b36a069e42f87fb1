// SPDX-License-Identifier: Apache-2.0
/** Locks, their holders and their queues: pure, without clock, thread, disk or network. */
@NullMarked
package org.lunlock.lockserver.model;

import org.jspecify.annotations.NullMarked;
