// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

/** A partition table that says what cannot be: nothing of it is used. */
public final class DamagedTableException extends Exception {
    private static final long serialVersionUID = 1;

    DamagedTableException(String message) {
        super(message);
    }
}
