// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;

/** What is measured: an initiator, or an export. */
interface Program {

    String name();

    /** Whether it can do such work at all. */
    boolean does(Cell cell);

    /** Does it for some seconds, after as much warm-up as it needs. */
    Sample run(Cell cell, int seconds) throws IOException, InterruptedException;

    /** The cell was measured for the last time. */
    default void done() throws IOException, InterruptedException {}
}
