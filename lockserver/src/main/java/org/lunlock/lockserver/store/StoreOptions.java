// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.nio.file.Path;
import org.lunlock.etcd.EtcdOptions;

/** Where a store is. */
public sealed interface StoreOptions {

    /** Files of one lock server, which are made when missing. */
    record Directory(Path path) implements StoreOptions {}

    /** A cluster, for any number of lock servers. */
    record Etcd(EtcdOptions cluster) implements StoreOptions {}
}
