// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

import java.time.Instant;

/**
 * The time at which something happens.
 *
 * @param nanos monotonic: every deadline is counted with it
 * @param wall for people, and the least value of the next fencing token
 */
public record Now(long nanos, Instant wall) {}
