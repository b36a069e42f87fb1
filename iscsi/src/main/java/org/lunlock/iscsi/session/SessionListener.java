// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.lunlock.iscsi.IscsiException;

/** Hears what becomes of a session. Runs in the session's thread and must not wait. */
public interface SessionListener {
    SessionListener NONE = new SessionListener() {};

    /** The connection is gone; the session is being reinstated. */
    default void connectionLost(IscsiException cause) {}

    /** The session is back, and commands flow again. */
    default void reinstated() {}

    /**
     * The session is over and every command fails from now on. Not called for a session that was
     * closed by its owner.
     */
    default void ended(IscsiException cause) {}
}
