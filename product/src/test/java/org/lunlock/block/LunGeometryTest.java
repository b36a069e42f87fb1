// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.scsi.BlockLimits;
import org.lunlock.iscsi.scsi.Capacity;

class LunGeometryTest {
    private static final Capacity CAPACITY = new Capacity(1 << 20, 512, 0, 0, false, false);

    @Test
    void aCommandMovesABurstWhereTheTargetSaysNothing() {
        assertThat(LunGeometry.commandBytes(CAPACITY, null)).isEqualTo(256 << 10);
        assertThat(LunGeometry.commandBytesMax(CAPACITY, null)).isEqualTo(1 << 20);
    }

    /** In blocks of 512 bytes; 0 where the target gives no hint, or no limit. */
    @ParameterizedTest
    @CsvSource({
        "0,0,512,2048", // neither
        "128,0,512,2048", // a stripe that divides a burst
        "384,0,768,2048", // one that does not: the next multiple
        "2048,0,2048,2048", // one of 1 MiB
        "4096,0,512,2048", // longer than any command of ours
        "0,64,64,64", // a limit
        "0,1000,512,1000", // one that only several requests together reach
        "384,600,600,600" // the limit goes before the wish
    })
    void aCommandIsWhatTheTargetWishesAndNoMoreThanItTakes(
            int granularity, long limit, int expectedBlocks, int expectedMax) {
        BlockLimits limits = new BlockLimits(0, granularity, limit, 0, 0, 0, 0, 0, 0);
        assertThat(LunGeometry.commandBytes(CAPACITY, limits)).isEqualTo(expectedBlocks * 512);
        assertThat(LunGeometry.commandBytesMax(CAPACITY, limits)).isEqualTo(expectedMax * 512);
    }
}
