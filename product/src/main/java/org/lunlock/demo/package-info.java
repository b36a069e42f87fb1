// SPDX-License-Identifier: Apache-2.0
/**
 * The product shown on one machine: a real target, two homes as two hosts, one volume. Uses the
 * command line as anybody would.
 */
@NullMarked
package org.lunlock.demo;

import org.jspecify.annotations.NullMarked;
