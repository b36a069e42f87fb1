// SPDX-License-Identifier: Apache-2.0
/** The product as its users have it: the command line, the daemon, a real target, real mounts. */
@NullMarked
package org.lunlock.e2e;

import org.jspecify.annotations.NullMarked;
