// SPDX-License-Identifier: Apache-2.0
/** The store of several lock servers, and of hosts that have none, in etcd. */
@NullMarked
package org.lunlock.lockserver.store.etcd;

import org.jspecify.annotations.NullMarked;
