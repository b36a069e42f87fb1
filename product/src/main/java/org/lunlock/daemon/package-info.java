// SPDX-License-Identifier: Apache-2.0
/**
 * The host's daemon: serves the command line over a Unix socket, lets one use at a time have a
 * volume, and keeps it for as long as that use lasts. How a volume is locked, attached and mounted
 * is behind {@link org.lunlock.volume.Volumes}.
 */
@NullMarked
package org.lunlock.daemon;

import org.jspecify.annotations.NullMarked;
