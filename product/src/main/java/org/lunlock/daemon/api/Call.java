// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.util.Objects;

/**
 * The first line of a connection.
 *
 * @param api the {@link Wire#API} of who asks
 * @param timeoutMillis how long one step may take: a login, a SCSI command; waiting for the lock is
 *     not counted
 */
public record Call(int api, long timeoutMillis, Request request) implements Document {
    public Call {
        Objects.requireNonNull(request);
    }
}
