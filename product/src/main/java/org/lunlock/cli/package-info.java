// SPDX-License-Identifier: Apache-2.0
/**
 * The command line. Talks to the daemon through its socket; only {@link org.lunlock.cli.Main} and
 * {@code daemon run}, which put the program together, know the daemon itself.
 */
@NullMarked
package org.lunlock.cli;

import org.jspecify.annotations.NullMarked;
