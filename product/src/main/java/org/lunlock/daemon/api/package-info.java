// SPDX-License-Identifier: Apache-2.0
/**
 * What the command line and the daemon say to each other over the Unix socket: one JSON document a
 * line. A connection carries one {@link org.lunlock.daemon.api.Call}, then {@link
 * org.lunlock.daemon.api.Note notes} one way and {@link org.lunlock.daemon.api.Reply replies} the
 * other. Knows neither side. The names in here are also those of {@code --json}: they stay.
 */
@NullMarked
package org.lunlock.daemon.api;

import org.jspecify.annotations.NullMarked;
