// SPDX-License-Identifier: Apache-2.0
/** The lock server's port: requests of hosts, events, pages; and what keeps bad clients away. */
@NullMarked
package org.lunlock.lockserver.web;

import org.jspecify.annotations.NullMarked;
