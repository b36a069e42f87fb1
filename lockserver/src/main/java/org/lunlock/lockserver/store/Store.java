// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

/** All that a lock server keeps. Closing it closes its parts. */
public interface Store extends AutoCloseable {

    LockStore locks();

    History history();

    BearerTokens tokens();

    @Override
    void close();
}
