// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.util.List;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;

/**
 * Where the locks outlive whoever changes them. Several may change them at a time: {@link #commit}
 * says who was first. For one thread.
 */
public interface LockStore extends AutoCloseable {

    /** How many jobs are stored in one go, at most. */
    int batchMax();

    /** All locks as they are stored. */
    LockTable load(Now now) throws StoreException;

    /**
     * Brings the table up to what is stored, and ends the claims whose time is over.
     *
     * @return the claims that others changed or ended; and of those that did not last, none
     */
    List<Claim> refresh(LockTable table, Now now) throws StoreException;

    /**
     * Stores all of it or nothing. When it returns true it is on stable storage.
     *
     * @param changes of the table since it was refreshed
     * @param audit lines beside those of the changes themselves
     * @return false when others were first: refresh the table, and do what was to be done again
     * @throws StoreException when nobody knows what was stored. UNREACHABLE: refresh the table, and
     *     go on; otherwise the store must not be used any more
     */
    boolean commit(List<Change> changes, List<AuditStatus> audit, Now now) throws StoreException;

    /**
     * Has this run whenever others may have changed something: soon, and never to wait for
     * anything.
     */
    void whenOthersChange(Runnable refresh);

    /** Idempotent. What was not committed is lost, and was not answered. */
    @Override
    void close();
}
