// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.scsi.ScsiRequest;

/** One {@link ScsiRequest} that somebody waits for. */
final class RequestTask<T> extends Task {
    private final ScsiRequest<T> request;
    private final ByteBuffer data;
    private final CountDownLatch done = new CountDownLatch(1);
    private @Nullable IscsiException outcome;

    RequestTask(Lun lun, ScsiRequest<T> request, Conduct conduct) {
        this.request = request;
        this.data = ByteBuffer.allocate(request.allocationLength());
        prepare(lun, request, data, conduct);
    }

    @Override
    protected void completed(@Nullable IscsiException failure) {
        this.outcome = failure;
        done.countDown();
    }

    boolean isDone() {
        return done.getCount() == 0;
    }

    /** Waits for the end, which the session brings about within its own time-outs. */
    T await() throws IscsiException {
        boolean interrupted = false;
        while (true) {
            try {
                done.await();
                break;
            } catch (InterruptedException e) {
                interrupted = true; // the buffer is the session's until the end
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (outcome != null) {
            throw here(outcome);
        }
        return request.answer().decode(data.duplicate().position(0).limit(transferred()));
    }

    /** The same failure, thrown from the caller's stack. */
    private static IscsiException here(IscsiException failure) {
        return switch (failure) {
            case TransportException e -> new TransportException(e.getMessage(), e);
            case ProtocolException e -> new ProtocolException(e.getMessage(), e);
            case ScsiException e -> e;
            case FencedException e -> e;
            case LoginException e -> e;
        };
    }
}
