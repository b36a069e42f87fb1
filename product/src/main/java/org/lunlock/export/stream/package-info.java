// SPDX-License-Identifier: Apache-2.0
/**
 * What servers on stream sockets have in common: requests that arrive in one thread for each
 * client, and replies that leave from any thread without waiting.
 */
@NullMarked
package org.lunlock.export.stream;

import org.jspecify.annotations.NullMarked;
