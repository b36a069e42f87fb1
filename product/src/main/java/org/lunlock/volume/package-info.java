// SPDX-License-Identifier: Apache-2.0
/**
 * The whole way of one volume on this host: log in, lock, fence, attach, mount; and all of it back.
 */
@NullMarked
package org.lunlock.volume;

import org.jspecify.annotations.NullMarked;
