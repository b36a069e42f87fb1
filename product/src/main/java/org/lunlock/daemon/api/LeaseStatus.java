// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

/**
 * The lease behind a held volume.
 *
 * @param termMillis after this long without a renewal another host may take over
 * @param fenced whether the target itself refuses everybody else
 */
public record LeaseStatus(long termMillis, long renewedMillisAgo, boolean fenced) {}
