// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import org.jspecify.annotations.Nullable;

/** A logical unit ended a command with a SCSI status other than GOOD. */
public final class ScsiException extends IscsiException {
    private final ScsiStatus status;
    private final @Nullable Sense sense;

    /**
     * @param command the command and where it went, e.g. {@code READ(16) of LUN 0}
     * @param sense present when the status is CHECK CONDITION and the target sent sense data
     */
    public ScsiException(String command, ScsiStatus status, @Nullable Sense sense) {
        super(command + ": " + (sense == null ? status.toString() : sense.toString()), null);
        this.status = status;
        this.sense = sense;
    }

    public ScsiStatus status() {
        return status;
    }

    public @Nullable Sense sense() {
        return sense;
    }
}
