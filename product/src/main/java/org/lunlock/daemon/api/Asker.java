// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import org.jspecify.annotations.Nullable;

/**
 * Who asks, for those who read the status. Nothing is decided by it: who may ask is the socket's
 * business.
 *
 * @param pid of the command line
 * @param command what will use the volume, shortened; null when it is only held
 */
public record Asker(long pid, @Nullable String command) {}
