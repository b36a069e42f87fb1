// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.tomlj.TomlPosition;

/** Collects all that is wrong with one file, so that its owner corrects it in one go. */
final class Problems {
    /** More than anybody reads at once; a file of another kind has one on every line. */
    private static final int SHOWN_MAX = 20;

    /** At line 0 when it did not come from a file. */
    private record Problem(int line, int column, String what, String next) {
        String place() {
            return line == 0 ? "" : line + ":" + column;
        }
    }

    private final List<Problem> found = new ArrayList<>();

    /**
     * Notes a problem.
     *
     * @param at null when the text did not come from a file
     * @param what what is wrong; never a secret
     * @param next what to do about it
     */
    void add(@Nullable TomlPosition at, String what, String next) {
        int line = at == null ? 0 : at.line();
        int column = at == null ? 0 : at.column();
        found.add(new Problem(line, column, printable(what), printable(next)));
    }

    /** The text as one line that cannot steer a terminal. */
    static String printable(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    /**
     * Goes on if there was none.
     *
     * @param where the file, or what was being read
     * @throws LunlockException for one problem, one line; for several a line that counts them, then
     *     one for each
     */
    void throwIfAny(ExitCode exitCode, String where) throws LunlockException {
        if (found.isEmpty()) {
            return;
        }
        found.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
        if (found.size() == 1) {
            Problem only = found.getFirst();
            String place = only.place().isEmpty() ? where : where + ":" + only.place();
            throw new LunlockException(
                    exitCode, "%s (%s): %s".formatted(only.what(), place, only.next()));
        }
        StringBuilder message =
                new StringBuilder("%d errors (%s): correct them".formatted(found.size(), where));
        for (Problem problem : found.subList(0, Math.min(found.size(), SHOWN_MAX))) {
            message.append("\n  ").append(problem.place());
            message.append(problem.place().isEmpty() ? "" : " ");
            message.append(problem.what()).append(": ").append(problem.next());
        }
        throw new LunlockException(exitCode, message.toString());
    }
}
