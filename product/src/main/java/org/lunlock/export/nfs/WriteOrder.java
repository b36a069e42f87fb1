// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import org.lunlock.block.RangeLocks;

/**
 * Lets writes that overlap take effect in the order in which they came.
 *
 * <p>A client that has waited too long for a write gives it up, or sends it again on a new
 * connection, and goes on: what it writes then must not be undone by the first one, which may still
 * be on its way to the device.
 *
 * <pre>
 *   connection 1:  A ........ (no answer)             A is read only now: too late, not carried out
 *   connection 2:              A  answered  B  answered
 * </pre>
 *
 * <p>Where all connections are one client's, one after the other, a write that is read from an
 * older connection than the newest that has called is dropped, and its connection with it. Any
 * thread.
 */
final class WriteOrder {
    private final RangeLocks ranges = new RangeLocks();
    private final boolean oneClient;
    private long newest;

    /**
     * @param oneClient whether there is one client that has one connection at a time
     */
    WriteOrder(boolean oneClient) {
        this.oneClient = oneClient;
    }

    /** A connection has called. */
    void called(long connection) {
        if (oneClient) {
            supersede(connection);
        }
    }

    private synchronized void supersede(long connection) {
        newest = Math.max(newest, connection);
    }

    /**
     * Asks for the range of a write.
     *
     * @return false when it comes too late; it must not be carried out then
     */
    boolean enter(RangeLocks.Entry write, long start, long end, long connection) {
        if (!oneClient) {
            ranges.enter(write, start, end, true);
            return true;
        }
        return enterAsNewest(write, start, end, connection);
    }

    /** In one step: between the look and the entry a newer connection could enter its writes. */
    private synchronized boolean enterAsNewest(
            RangeLocks.Entry write, long start, long end, long connection) {
        if (connection < newest) {
            return false;
        }
        ranges.enter(write, start, end, true);
        return true;
    }

    void leave(RangeLocks.Entry write) {
        ranges.leave(write);
    }
}
