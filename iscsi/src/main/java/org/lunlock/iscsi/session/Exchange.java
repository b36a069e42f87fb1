// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.TargetPdu;

/** A request that is no SCSI command, and its response. */
final class Exchange<T extends TargetPdu> {
    private final int initiatorTaskTag;
    private final Class<T> type;
    private final Consumer<T> effect;
    private final CountDownLatch done = new CountDownLatch(1);
    private volatile @Nullable T response;
    private volatile @Nullable IscsiException failure;

    Exchange(int initiatorTaskTag, Class<T> type) {
        this(initiatorTaskTag, type, _ -> {});
    }

    /**
     * @param effect of the response, before anybody who waits hears of it and before the next PDU
     *     is read; in the session's thread, without its lock
     */
    Exchange(int initiatorTaskTag, Class<T> type, Consumer<T> effect) {
        this.initiatorTaskTag = initiatorTaskTag;
        this.type = type;
        this.effect = effect;
    }

    int initiatorTaskTag() {
        return initiatorTaskTag;
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    /** Null while there is none, and when none will come. */
    @Nullable T response() {
        return response;
    }

    /** Returns false when that is no answer to this request. */
    boolean answer(TargetPdu pdu) {
        if (!type.isInstance(pdu)) {
            return false;
        }
        T answer = type.cast(pdu);
        effect.accept(answer);
        response = answer;
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
