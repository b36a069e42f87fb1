// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Property;

@Timeout(60)
class PduBatchTest {

    @ParameterizedTest(name = "header digest {0}, data digest {1}")
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void headersPaddingAndDigestsAreAsTheRfcHasThem(boolean headerDigest, boolean dataDigest)
            throws IOException {
        RandomGenerator random = new SplittableRandom(1);
        Stream stream = new Stream(headerDigest, dataDigest);
        for (int length : new int[] {0, 1, 2, 3, 4, 5, 511, 4095, 4096, 4097, 4098, 4099, 70_001}) {
            stream.add(random, 0, length);
        }
        try (Loopback loopback = Loopback.open()) {
            PduBatch batch = new PduBatch();
            batch.negotiated(headerDigest, dataDigest);
            for (Stream.Pdu pdu : stream.pdus) {
                assertThat(batch.hasRoom()).isTrue();
                batch.add(ByteBuffer.wrap(pdu.bhs()), view(pdu.data(), true));
            }
            byte[] expected = stream.bytes();
            var received = Background.of(() -> loopback.receive(expected.length));
            loopback.write(batch);
            assertThat(received.value()).isEqualTo(expected);
            assertThat(batch.isEmpty()).isTrue();
        }
    }

    @Test
    void shortDataIsCopiedAndFreeAtOnce() throws IOException {
        RandomGenerator random = new SplittableRandom(2);
        Stream stream = new Stream(false, true).add(random, 0, 4096);
        Stream.Pdu pdu = stream.pdus.getFirst();
        try (Loopback loopback = Loopback.open()) {
            PduBatch batch = new PduBatch();
            batch.negotiated(false, true);
            ByteBuffer data = view(pdu.data(), true);
            batch.add(ByteBuffer.wrap(pdu.bhs()), data);
            data.clear();
            while (data.hasRemaining()) {
                data.put((byte) 0);
            }
            loopback.write(batch);
            assertThat(loopback.receive(stream.bytes().length)).isEqualTo(stream.bytes());
        }
    }

    @Test
    void longDataIsSentFromWhereItIs() throws IOException {
        Stream stream = new Stream(false, false).add(new SplittableRandom(3), 0, 4097);
        Stream.Pdu pdu = stream.pdus.getFirst();
        try (Loopback loopback = Loopback.open()) {
            PduBatch batch = new PduBatch();
            ByteBuffer data = view(pdu.data(), true);
            int start = data.position();
            batch.add(ByteBuffer.wrap(pdu.bhs()), data);
            data.put(start, (byte) ~data.get(start));
            loopback.write(batch);
            byte[] sent = loopback.receive(stream.bytes().length);
            assertThat(sent[Bhs.LENGTH]).isEqualTo((byte) ~pdu.data()[0]);
        }
    }

    @Test
    void aFullSocketTakesTheRestLater() throws IOException {
        RandomGenerator random = new SplittableRandom(4);
        Stream stream = new Stream(true, true);
        for (int i = 0; i < 40; i++) {
            stream.add(random, 0, i % 2 == 0 ? 1 << 20 : 1000);
        }
        byte[] expected = stream.bytes();
        try (Loopback loopback = Loopback.narrow()) {
            PduBatch batch = new PduBatch();
            batch.negotiated(true, true);
            for (Stream.Pdu pdu : stream.pdus) {
                batch.add(ByteBuffer.wrap(pdu.bhs()), view(pdu.data(), true));
            }
            assertThat(batch.write(loopback.socket)).as("the peer does not read yet").isFalse();
            assertThat(batch.isEmpty()).isFalse();
            var received = Background.of(() -> loopback.receive(expected.length));
            loopback.write(batch);
            assertThat(received.value()).isEqualTo(expected);
        }
    }

    @Test
    void aBatchHasRoomUntilItIsFull() throws IOException {
        RandomGenerator random = new SplittableRandom(5);
        Stream stream = new Stream(false, false);
        try (Loopback loopback = Loopback.open()) {
            PduBatch batch = new PduBatch();
            while (batch.hasRoom()) {
                stream.add(random, 0, stream.pdus.size() % 3 == 0 ? 5000 : 4096);
                Stream.Pdu pdu = stream.pdus.getLast();
                batch.add(ByteBuffer.wrap(pdu.bhs()), view(pdu.data(), true));
            }
            assertThat(stream.pdus).hasSizeGreaterThan(16);
            Stream.Pdu pdu = stream.pdus.getLast();
            assertThatIllegalStateException()
                    .isThrownBy(() -> batch.add(ByteBuffer.wrap(pdu.bhs()), null));
            byte[] expected = stream.bytes();
            var received = Background.of(() -> loopback.receive(expected.length));
            loopback.write(batch);
            assertThat(received.value()).isEqualTo(expected);
            assertThat(batch.hasRoom()).isTrue();
        }
    }

    @Test
    void aLengthThatIsNotTheDatasIsOurBug() {
        Stream.Pdu pdu =
                new Stream(false, false).add(new SplittableRandom(6), 0, 10).pdus.getFirst();
        assertThatIllegalStateException()
                .isThrownBy(() ->
                        new PduBatch().add(ByteBuffer.wrap(pdu.bhs()), ByteBuffer.allocate(11)));
    }

    @Test
    void whatWasDroppedIsNeverSent() throws IOException {
        RandomGenerator random = new SplittableRandom(7);
        Stream dropped = new Stream(false, false).add(random, 0, 9000);
        Stream sent = new Stream(false, false).add(random, 0, 7);
        try (Loopback loopback = Loopback.open()) {
            PduBatch batch = new PduBatch();
            Stream.Pdu pdu = dropped.pdus.getFirst();
            batch.add(ByteBuffer.wrap(pdu.bhs()), view(pdu.data(), true));
            batch.clear();
            assertThat(batch.isEmpty()).isTrue();
            pdu = sent.pdus.getFirst();
            batch.add(ByteBuffer.wrap(pdu.bhs()), view(pdu.data(), true));
            loopback.write(batch);
            assertThat(loopback.receive(sent.bytes().length)).isEqualTo(sent.bytes());
        }
    }

    @Test
    void aClosedConnectionIsALostConnection() throws IOException {
        Stream stream = new Stream(false, false).add(new SplittableRandom(8), 0, 9000);
        Stream.Pdu pdu = stream.pdus.getFirst();
        try (Loopback loopback = Loopback.open()) {
            PduBatch batch = new PduBatch();
            batch.add(ByteBuffer.wrap(pdu.bhs()), view(pdu.data(), true));
            Runnable close = loopback.socket::close;
            close.run();
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() -> batch.write(loopback.socket));
        }
    }

    @Test
    void whatABatchSendsAReaderReads() {
        Property.holds(
                40,
                random -> {
                    boolean headerDigest = random.nextBoolean();
                    boolean dataDigest = random.nextBoolean();
                    try (Loopback loopback = Loopback.open()) {
                        PduBatch batch = new PduBatch();
                        batch.negotiated(headerDigest, dataDigest);
                        Collector collector = new Collector(true);
                        PduReader reader = new PduReader(loopback.socket, collector, 262_144);
                        reader.negotiated(262_144, headerDigest, dataDigest);
                        Stream stream = new Stream(headerDigest, dataDigest);
                        while (batch.hasRoom() && stream.pdus.size() < 30) {
                            int most = random.nextBoolean() ? 300 : 100_000;
                            stream.add(random, 0, random.nextInt(1, most));
                            Stream.Pdu pdu = stream.pdus.getLast();
                            ByteBuffer[] pieces = pieces(pdu.data(), random);
                            batch.add(
                                    ByteBuffer.wrap(pdu.bhs()),
                                    ByteBuffer.allocate(0),
                                    pieces,
                                    pieces.length);
                        }
                        int length = stream.bytes().length;
                        var echo =
                                Background.run(() -> {
                                    byte[] back = loopback.receive(length);
                                    loopback.send(back, 0, length);
                                });
                        loopback.write(batch);
                        loopback.read(reader, length);
                        echo.value();
                        collector.assertSame(stream.pdus);
                    }
                });
    }

    /** The data, cut anywhere, as that of several tasks is. */
    private static ByteBuffer[] pieces(byte[] data, RandomGenerator random) {
        List<ByteBuffer> pieces = new ArrayList<>();
        int most = random.nextInt(1, PduBatch.SEGMENT_PIECES_MAX + 1);
        for (int at = 0; at < data.length; ) {
            int left = data.length - at;
            int n = pieces.size() == most - 1 ? left : random.nextInt(1, left + 1);
            pieces.add(view(Arrays.copyOfRange(data, at, at + n), random.nextBoolean()));
            at += n;
        }
        return pieces.toArray(ByteBuffer[]::new);
    }

    /** In the middle of a larger buffer, as a task's is. */
    private static ByteBuffer view(byte[] data, boolean direct) {
        int size = data.length + 20;
        ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
        buffer.put(10, data);
        return buffer.position(10).limit(10 + data.length);
    }
}
