// SPDX-License-Identifier: Apache-2.0
/** Sessions with a target: commands in flight, the command window, recovery, discovery. */
@NullMarked
package org.lunlock.iscsi.session;

import org.jspecify.annotations.NullMarked;
