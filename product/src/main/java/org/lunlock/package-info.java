// SPDX-License-Identifier: Apache-2.0
/** How the product fails: exit codes and the exception that carries one. Depends on nothing. */
@NullMarked
package org.lunlock;

import org.jspecify.annotations.NullMarked;
