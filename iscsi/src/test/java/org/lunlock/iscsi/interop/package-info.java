// SPDX-License-Identifier: Apache-2.0
/** Sessions with targets that other people wrote. */
@NullMarked
package org.lunlock.iscsi.interop;

import org.jspecify.annotations.NullMarked;
