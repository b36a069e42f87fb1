// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

/**
 * A range of bytes, seen as blocks: whole ones in the middle, and at either end perhaps a part of
 * one. A range inside of one block is all head. Offsets and lengths are in bytes.
 *
 * <pre>
 *   |....hhhh|mmmmmmmm|mmmmmmmm|tt......|
 *        ^offset                 ^end
 * </pre>
 */
record Span(long offset, long length, int blockBytes) {

    long end() {
        return offset + length;
    }

    /** Where the first block begins that the range touches. */
    long blocksStart() {
        return down(offset);
    }

    /** Where the last block ends that the range touches. */
    long blocksEnd() {
        return up(end());
    }

    boolean aligned() {
        return headLength() == 0 && tailLength() == 0;
    }

    /** Bytes before the first whole block, 0 when it begins with one. */
    int headLength() {
        return (int) (Math.min(up(offset), end()) - offset);
    }

    long middleStart() {
        return offset + headLength();
    }

    /** A multiple of the block; 0 when the range contains no whole block. */
    long middleLength() {
        return down(end() - middleStart());
    }

    /** Where the last, partial block begins. */
    long tailStart() {
        return middleStart() + middleLength();
    }

    int tailLength() {
        return (int) (end() - tailStart());
    }

    private long down(long bytes) {
        return bytes - bytes % blockBytes;
    }

    private long up(long bytes) {
        return down(bytes + blockBytes - 1);
    }
}
