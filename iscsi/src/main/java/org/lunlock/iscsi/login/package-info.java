// SPDX-License-Identifier: Apache-2.0
/** The login phase: security and operational negotiation, the table of keys, CHAP. */
@NullMarked
package org.lunlock.iscsi.login;

import org.jspecify.annotations.NullMarked;
