// SPDX-License-Identifier: Apache-2.0
/** Asks an Internet Storage Name Service which targets there are. RFC 4171. */
@NullMarked
package org.lunlock.iscsi.isns;

import org.jspecify.annotations.NullMarked;
