// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.time.Instant;

/** Who waits for a volume. */
public record WaitingStatus(
        String principal, String host, long pid, String command, Instant since) {}
