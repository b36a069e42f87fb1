// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

/** Ends a command with a status that is not lunlock's own: 126, 127, or 128 and a signal. */
final class ExitStatusException extends Exception {
    private final int status;

    ExitStatusException(int status, String message) {
        super(message);
        this.status = status;
    }

    int status() {
        return status;
    }
}
