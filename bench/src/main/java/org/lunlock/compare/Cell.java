// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * One kind of work that every program does.
 *
 * @param depth requests under way at a time
 */
record Cell(boolean write, int requestBytes, int depth, Digests digests) {

    /** What is protected by CRC32C. */
    enum Digests {
        NONE(""),
        HEADER(" header digest"),
        /** Not by libiscsi before 1.20. */
        HEADER_AND_DATA(" header+data digest");

        private final String suffix;

        Digests(String suffix) {
            this.suffix = suffix;
        }
    }

    private static final List<Integer> SIZES = List.of(4 << 10, 64 << 10, 256 << 10, 1 << 20);
    private static final List<Integer> DEPTHS = List.of(1, 8, 32);
    private static final int QUICK_DEPTH_LEFT_OUT = 8;
    private static final int QUICK_SIZE_LEFT_OUT = 64 << 10;

    /** Every combination, or with {@code quick} the corners of them. */
    static List<Cell> all(boolean quick) {
        List<Cell> cells = new ArrayList<>();
        for (Digests digests : Digests.values()) {
            for (boolean write : new boolean[] {false, true}) {
                for (int size : SIZES) {
                    for (int depth : DEPTHS) {
                        boolean corner =
                                depth != QUICK_DEPTH_LEFT_OUT
                                        && size != QUICK_SIZE_LEFT_OUT
                                        && digests == Digests.NONE;
                        if (!quick || corner) {
                            cells.add(new Cell(write, size, depth, digests));
                        }
                    }
                }
            }
        }
        return cells;
    }

    /** Those that say nothing of digests. */
    static List<Cell> withoutDigests(boolean quick) {
        return all(quick).stream().filter(cell -> cell.digests() == Digests.NONE).toList();
    }

    String operation() {
        return write ? "write" : "read";
    }

    private String size() {
        return requestBytes < 1 << 20 ? (requestBytes >> 10) + "k" : (requestBytes >> 20) + "m";
    }

    /** Such as {@code read 4k depth 32}. */
    @Override
    public String toString() {
        return operation() + " " + size() + " depth " + depth + digests.suffix;
    }
}
