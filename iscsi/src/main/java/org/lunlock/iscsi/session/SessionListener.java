// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;

/** Hears what becomes of a session, most often in the session's thread. Must not wait. */
public interface SessionListener {
    SessionListener NONE = new SessionListener() {};

    /** The connection is gone; the session is being reinstated. */
    default void connectionLost(IscsiException cause) {}

    /** The session is back, and commands flow again. */
    default void reinstated() {}

    /**
     * A guarded command found that another host has the logical unit: from now on all of them fail.
     * Called at most once, from the thread that found out.
     */
    default void fenced(FencedException cause) {}

    /**
     * The session is over and every command fails from now on. Not called for a session that was
     * closed by its owner.
     */
    default void ended(IscsiException cause) {}
}
