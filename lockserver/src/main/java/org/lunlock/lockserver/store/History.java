// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.AuditStatus;

/** Reads who held what and what was refused, beside the server's writes. From any thread. */
public interface History extends AutoCloseable {
    /** What one answer holds at most. */
    int ROWS_MAX = 500;

    /**
     * Holdings of a volume that are over, the latest first.
     *
     * @param before only those with a lower fencing token: where the last answer ended
     * @param limit 1 to {@link #ROWS_MAX}; what is outside is taken as the nearer of both
     */
    List<Holding> holdings(String volume, long before, int limit) throws StoreException;

    /** How the claim's last holding ended; null when it held nothing. */
    @Nullable Holding ended(String volume, String claim) throws StoreException;

    /** The last lines of the audit log, the latest first. */
    List<AuditStatus> audit(int limit) throws StoreException;

    @Override
    void close();
}
