// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.TestRequest;

class PartitionDeviceTest {
    private static final int START = 8192;
    private static final int LENGTH = 4096;

    private final RamDevice whole = new RamDevice(32 << 10);
    private final PartitionDevice part = new PartitionDevice(whole, START, LENGTH);

    private byte[] around() {
        byte[] bytes = new byte[LENGTH + 2];
        whole.bytes().get(START - 1, bytes);
        return bytes;
    }

    @Test
    void firstAndLastByteAreThoseOfThePartition() throws IOException {
        part.write(0, ByteBuffer.wrap(new byte[] {1}));
        part.write(LENGTH - 1, ByteBuffer.wrap(new byte[] {2}));
        assertThat(whole.bytes().get(START)).isEqualTo((byte) 1);
        assertThat(whole.bytes().get(START + LENGTH - 1)).isEqualTo((byte) 2);
        ByteBuffer read = ByteBuffer.allocate(LENGTH);
        part.read(0, read);
        assertThat(read.get(0)).isEqualTo((byte) 1);
        assertThat(read.get(LENGTH - 1)).isEqualTo((byte) 2);
        assertThat(part.capacityBytes()).isEqualTo(LENGTH);
    }

    @ParameterizedTest
    @EnumSource(
            value = Operation.class,
            names = {"DISCARD", "WRITE_ZEROES"})
    void rangeOfAllOfItEndsWhereItEnds(Operation operation) throws IOException {
        for (int i = 0; i < whole.capacityBytes(); i++) {
            whole.bytes().put(i, (byte) 7);
        }
        TestRequest.of(operation, 0, LENGTH).on(part).await();
        byte[] around = around();
        assertThat(around[0]).isEqualTo((byte) 7);
        assertThat(around[1]).isNotEqualTo((byte) 7);
        assertThat(around[LENGTH]).isNotEqualTo((byte) 7);
        assertThat(around[LENGTH + 1]).isEqualTo((byte) 7);
    }

    @ParameterizedTest
    @CsvSource({"4096,1", "4095,2", "-1,1", "-8192,512", "0,4097", "9223372036854775807,1"})
    void whatIsOutsideIsRefusedAsAWhole(long offset, int length) {
        for (Operation operation : new Operation[] {Operation.READ, Operation.WRITE}) {
            TestRequest request = new TestRequest();
            request.transfer(operation, offset, ByteBuffer.allocateDirect(length), false);
            assertThatThrownBy(() -> request.on(part).await())
                    .hasMessageContaining("the partition ends at 4096");
        }
        for (Operation operation : new Operation[] {Operation.DISCARD, Operation.WRITE_ZEROES}) {
            assertThatThrownBy(() -> TestRequest.of(operation, offset, length).on(part).await())
                    .hasMessageContaining("the partition ends at 4096");
        }
        assertThatThrownBy(() -> part.extents(offset, length)).isInstanceOf(IOException.class);
        for (Operation operation : Operation.values()) {
            assertThat(whole.count(operation)).as("reached the device: " + operation).isZero();
        }
    }

    @Test
    void aRequestIsUsedAgainAndInAnotherPartition() throws IOException {
        PartitionDevice other = new PartitionDevice(whole, START + LENGTH, LENGTH);
        BlockRequest.Waiting.run(part, Operation.FLUSH, 0, ByteBuffer.allocate(0));
        CountingRequest request = new CountingRequest();
        for (BlockDevice device : new BlockDevice[] {part, other, part, whole}) {
            request.transfer(Operation.WRITE, 0, ByteBuffer.wrap(new byte[] {9}), true);
            device.submit(request);
        }
        assertThat(request.completions).isEqualTo(4);
        assertThat(whole.bytes().get(START)).isEqualTo((byte) 9);
        assertThat(whole.bytes().get(START + LENGTH)).isEqualTo((byte) 9);
        assertThat(whole.bytes().get(0)).isEqualTo((byte) 9);
        assertThat(whole.forcedWrites()).isEqualTo(4);
        assertThat(whole.count(Operation.FLUSH)).isOne();
    }

    @Test
    void whatIsQueuedWaitsForThePush() {
        CountingRequest request = new CountingRequest();
        request.transfer(Operation.WRITE, 0, ByteBuffer.wrap(new byte[] {9}), false);
        part.queue(request);
        assertThat(request.completions).isZero();
        part.push();
        assertThat(request.completions).isOne();
        assertThat(whole.bytes().get(START)).isEqualTo((byte) 9);
    }

    private static final class CountingRequest extends BlockRequest {
        private int completions;

        @Override
        protected void completed(@Nullable IOException failure) {
            assertThat(failure).isNull();
            completions++;
        }
    }

    @Test
    void failureOfTheDeviceIsThePartitionsToo() {
        whole.fail(Operation.WRITE, new IOException("no space"));
        assertThatThrownBy(() -> part.write(0, ByteBuffer.wrap(new byte[512])))
                .hasMessageContaining("no space");
        part.close();
        assertThatThrownBy(part::flush).hasMessageContaining("closed");
    }

    @Test
    void whatTheDeviceCanThePartitionCanToo() {
        whole.readOnly(true).discards(false).punchesHoles(false);
        assertThat(part.readOnly()).isTrue();
        assertThat(part.discards()).isFalse();
        assertThat(part.punchesHoles()).isFalse();
        assertThat(part.blockBytes()).isEqualTo(512);
    }

    @ParameterizedTest
    @CsvSource({"100,4096", "0,100", "32768,512", "0,33280", "-512,512", "0,0"})
    void noPartitionLiesOutsideOrInPartsOfBlocks(long start, long length) {
        assertThatThrownBy(() -> new PartitionDevice(whole, start, length))
                .isInstanceOf(RuntimeException.class);
    }
}
