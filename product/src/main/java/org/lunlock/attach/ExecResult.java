// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.util.List;

/**
 * How a program ended.
 *
 * @param exitStatus meaningless when it timed out
 * @param out what it printed; a long text is cut off
 * @param err what it complained about; a long text is cut off
 */
public record ExecResult(int exitStatus, String out, String err, boolean timedOut) {

    public boolean ok() {
        return !timedOut && exitStatus == 0;
    }

    /** Why it failed, in one line: what it said, or how it ended if it said nothing. */
    public String complaint() {
        List<String> lines =
                err.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        if (timedOut) {
            return "it did not end in time";
        }
        return lines.isEmpty() ? "exit status " + exitStatus : String.join(" ", lines);
    }
}
