// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.model;

/**
 * Who wants a lock, and for what.
 *
 * @param principal the name of the bearer token: the only part that was proved
 * @param host the name the host gives itself
 * @param pid of the command, 0 when not told
 * @param command what runs under the lock, empty when not told
 */
public record Claimant(String principal, String host, long pid, String command) {}
