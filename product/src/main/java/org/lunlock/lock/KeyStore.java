// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.io.IOException;

/** Where a host keeps its keys of one volume, so that it knows itself after a crash. */
public interface KeyStore {

    /**
     * The keys stored last, {@link OwnKeys#NONE} when there are none.
     *
     * @throws IOException when they cannot be read, or are damaged
     */
    OwnKeys load() throws IOException;

    /**
     * Stores the keys. When this returns they survive a power cut; after a throw, either the old or
     * the new pair is there.
     */
    void store(OwnKeys keys) throws IOException;
}
