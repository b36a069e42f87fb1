// SPDX-License-Identifier: Apache-2.0
/** A client of etcd, by its JSON gateway: keys, transactions, leases and watches. */
@NullMarked
package org.lunlock.etcd;

import org.jspecify.annotations.NullMarked;
