// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What the command line asks for.
 *
 * @param rounds how often each cell is measured; one that nobody else does is measured once
 * @param seconds how long each program is measured in a cell
 * @param json where the numbers go, too
 * @param only a part of the names of the cells to measure
 */
record Options(What what, boolean quick, int rounds, int seconds, Path json, String only) {

    /** What is compared. */
    enum What {
        INITIATORS,
        EXPORTS,
        RSYNC
    }

    private static final int ROUNDS = 6;
    private static final int SECONDS = 1;

    static Options parse(List<String> words) {
        List<String> left = new ArrayList<>(words);
        boolean exports = left.remove("--exports");
        boolean rsync = left.remove("--rsync");
        boolean quick = left.remove("--quick");
        int rounds = Integer.parseInt(value(left, "--rounds", quick ? "1" : "" + ROUNDS));
        int seconds = Integer.parseInt(value(left, "--seconds", quick ? "1" : "" + SECONDS));
        Path json = Path.of(value(left, "--json", "/dev/null"));
        String only = value(left, "--only", "");
        if (!left.isEmpty() || exports && rsync) {
            throw new IllegalArgumentException("compare: what is " + words + "? See --help");
        }
        What what = exports ? What.EXPORTS : rsync ? What.RSYNC : What.INITIATORS;
        return new Options(what, quick, rounds, seconds, json, only);
    }

    /** Takes an option and its value out of the words. */
    private static String value(List<String> words, String option, String otherwise) {
        int at = words.indexOf(option);
        if (at < 0 || at + 1 == words.size()) {
            return otherwise;
        }
        words.remove(at);
        return words.remove(at);
    }
}
