// SPDX-License-Identifier: Apache-2.0
/** What hosts, pages and the lock server say to each other, as JSON. */
@NullMarked
package org.lunlock.lockserver.api;

import org.jspecify.annotations.NullMarked;
