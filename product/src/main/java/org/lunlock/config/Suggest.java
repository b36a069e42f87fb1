// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.util.Collection;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;

/** Finds what somebody probably meant by a word that is not known. */
public final class Suggest {
    /** Longer words are not compared: the cost is the product of the lengths. */
    private static final int LENGTH_MAX = 64;

    private Suggest() {}

    /**
     * The known word that takes the fewest edits to reach, if it is near enough to be a slip: one
     * edit, or one for every three characters. Case, dashes and underscores do not count.
     */
    public static Optional<String> nearest(String word, Collection<String> known) {
        if (word.length() > LENGTH_MAX) {
            return Optional.empty();
        }
        String plain = plain(word);
        int editsMax = Math.max(1, plain.length() / 3);
        return known.stream()
                .filter(candidate -> candidate.length() <= LENGTH_MAX)
                .filter(candidate -> edits(plain, plain(candidate)) <= editsMax)
                .min(
                        Comparator.comparingInt((String it) -> edits(plain, plain(it)))
                                .thenComparing(Comparator.naturalOrder()));
    }

    private static String plain(String word) {
        return word.toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Insertions, deletions, replacements and swaps of neighbours between two words. */
    static int edits(String from, String to) {
        int[][] cost = new int[from.length() + 1][to.length() + 1];
        for (int i = 0; i <= from.length(); i++) {
            for (int j = 0; j <= to.length(); j++) {
                cost[i][j] = i == 0 || j == 0 ? i + j : cheapest(cost, from, to, i, j);
            }
        }
        return cost[from.length()][to.length()];
    }

    private static int cheapest(int[][] cost, String from, String to, int i, int j) {
        int replaced = cost[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        int least = Math.min(replaced, Math.min(cost[i - 1][j], cost[i][j - 1]) + 1);
        boolean swapped =
                i > 1
                        && j > 1
                        && from.charAt(i - 1) == to.charAt(j - 2)
                        && from.charAt(i - 2) == to.charAt(j - 1);
        return swapped ? Math.min(least, cost[i - 2][j - 2] + 1) : least;
    }
}
