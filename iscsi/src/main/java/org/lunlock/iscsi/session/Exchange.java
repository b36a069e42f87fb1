// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.TargetPdu;

/** A request that is no SCSI command, and its response. */
final class Exchange<T extends TargetPdu> {
    private final int initiatorTaskTag;
    private final Class<T> type;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile @Nullable T response;
    private volatile @Nullable IscsiException failure;

    Exchange(int initiatorTaskTag, Class<T> type) {
        this.initiatorTaskTag = initiatorTaskTag;
        this.type = type;
    }

    int initiatorTaskTag() {
        return initiatorTaskTag;
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    /** Returns false when that is no answer to this request. */
    boolean answer(TargetPdu pdu) {
        if (!type.isInstance(pdu)) {
            return false;
        }
        response = type.cast(pdu);
        done.countDown();
        return true;
    }

    void fail(IscsiException cause) {
        failure = cause;
        done.countDown();
    }

    /**
     * Waits for the response.
     *
     * @param what for the message when it does not come
     */
    T await(Duration timeout, String what) throws IscsiException {
        try {
            if (!done.await(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
                throw new TransportException("no answer to " + what + " in " + timeout);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TransportException("interrupted while waiting for " + what, e);
        }
        T answer = response;
        if (answer == null) {
            IscsiException cause = failure;
            throw new TransportException(
                    what + ": " + (cause == null ? "no answer" : cause.getMessage()), cause);
        }
        return answer;
    }
}
