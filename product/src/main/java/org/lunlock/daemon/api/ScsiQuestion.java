// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.util.Locale;

/** What {@link Request.Scsi} can ask. */
public enum ScsiQuestion {
    INQUIRY,
    CAPACITY,
    LUNS,
    RESERVATIONS;

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
