// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static java.lang.System.Logger.Level.DEBUG;
import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lunlock.block.BlockRequest;
import org.lunlock.iscsi.FencedException;

/**
 * Says in the log that requests failed: the first failure, and the first for having been fenced, as
 * a warning; the thousands that follow only for those who debug. Any thread.
 */
final class FailureLog {
    private static final System.Logger LOG = System.getLogger(FailureLog.class.getPackageName());

    private final String volume;
    private final AtomicBoolean failed = new AtomicBoolean();
    private final AtomicBoolean fenced = new AtomicBoolean();

    FailureLog(String volume) {
        this.volume = volume;
    }

    void add(BlockRequest request, IOException failure) {
        boolean first =
                failure instanceof FencedException
                        ? fenced.compareAndSet(false, true)
                        : failed.compareAndSet(false, true);
        LOG.log(
                first ? WARNING : DEBUG,
                "{0}: {1} of {2} bytes at {3} failed: {4}",
                volume,
                request.operation(),
                Long.toString(request.lengthBytes()),
                Long.toString(request.offsetBytes()),
                failure.getMessage());
    }
}
