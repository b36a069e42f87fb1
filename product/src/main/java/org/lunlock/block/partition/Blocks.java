// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block.partition;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lunlock.block.BlockDevice;

/** The blocks of a device, read for whoever waits. Tables are little-endian. */
record Blocks(BlockDevice device) {

    int bytes() {
        return device.blockBytes();
    }

    /** How many there are. */
    long count() {
        return device.capacityBytes() / bytes();
    }

    /**
     * @param count of blocks; all of them are there
     */
    ByteBuffer read(long block, int count) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(count * bytes());
        device.read(block * bytes(), buffer);
        return buffer.clear().order(ByteOrder.LITTLE_ENDIAN);
    }
}
