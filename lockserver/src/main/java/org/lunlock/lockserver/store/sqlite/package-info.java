// SPDX-License-Identifier: Apache-2.0
/** The store of one lock server, in files of its own. */
@NullMarked
package org.lunlock.lockserver.store.sqlite;

import org.jspecify.annotations.NullMarked;
