// SPDX-License-Identifier: Apache-2.0
/**
 * The words every other package of the initiator uses: names, LUNs, secrets, sense data and the one
 * family of exceptions. Depends on nothing.
 */
@NullMarked
package org.lunlock.iscsi;

import org.jspecify.annotations.NullMarked;
