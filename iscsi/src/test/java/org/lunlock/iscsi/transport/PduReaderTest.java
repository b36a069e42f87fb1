// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Property;

@Timeout(60)
class PduReaderTest {
    private static final int SEGMENT_MAX = 262_144;

    @ParameterizedTest(name = "header digest {0}, data digest {1}")
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void aStreamMayBeCutAnywhere(boolean headerDigest, boolean dataDigest) throws IOException {
        RandomGenerator random = new SplittableRandom(1);
        Stream stream = new Stream(headerDigest, dataDigest);
        stream.add(random, 0, 0).add(random, 8, 0).add(random, 0, 1).add(random, 4, 2);
        stream.add(random, 0, 3).add(random, 0, 4).add(random, 1020, 61).add(random, 0, 0);
        byte[] bytes = stream.bytes();
        try (Loopback loopback = Loopback.open()) {
            for (int cut = 1; cut < bytes.length; cut++) {
                Collector collector = new Collector(true, 1 + cut % 3);
                PduReader reader = new PduReader(loopback.socket, collector, SEGMENT_MAX);
                reader.negotiated(SEGMENT_MAX, headerDigest, dataDigest);
                loopback.send(bytes, 0, cut);
                loopback.read(reader, cut);
                loopback.send(bytes, cut, bytes.length - cut);
                loopback.read(reader, bytes.length - cut);
                collector.assertSame(stream.pdus);
            }
        }
    }

    @Test
    void whateverArrivesTogetherIsTakenApart() {
        Property.holds(
                50,
                random -> {
                    boolean headerDigest = random.nextBoolean();
                    boolean dataDigest = random.nextBoolean();
                    Stream stream = new Stream(headerDigest, dataDigest);
                    for (int i = random.nextInt(1, 12); i > 0; i--) {
                        int ahs = random.nextInt(4) == 0 ? 4 * random.nextInt(256) : 0;
                        stream.add(random, ahs, length(random));
                    }
                    byte[] bytes = stream.bytes();
                    try (Loopback loopback = Loopback.open()) {
                        int pieces =
                                random.nextBoolean()
                                        ? 1
                                        : random.nextInt(PduBatch.SEGMENT_PIECES_MAX) + 1;
                        Collector collector = new Collector(random.nextBoolean(), pieces);
                        PduReader reader = new PduReader(loopback.socket, collector, SEGMENT_MAX);
                        reader.negotiated(SEGMENT_MAX, headerDigest, dataDigest);
                        var sending =
                                Background.run(() -> {
                                    int at = 0;
                                    while (at < bytes.length) {
                                        int most = Math.min(bytes.length - at, 150_000);
                                        int n = random.nextInt(1, most + 1);
                                        loopback.send(bytes, at, n);
                                        at += n;
                                    }
                                });
                        loopback.read(reader, bytes.length);
                        sending.value();
                        collector.assertSame(stream.pdus);
                    }
                });
    }

    /** Short ones, those about the sizes of the reader's buffers, and long ones. */
    private static int length(RandomGenerator random) {
        return switch (random.nextInt(4)) {
            case 0 -> random.nextInt(0, 600);
            case 1 -> random.nextInt(4080, 4120);
            case 2 -> random.nextInt(65_400, 65_700);
            default -> random.nextInt(1, SEGMENT_MAX + 1);
        };
    }

    @Test
    void aReaderThatGoesPduByPduLeavesTheRestInTheSocket() {
        Property.holds(
                30,
                random -> {
                    Stream first = new Stream(false, false);
                    first.add(random, 4 * random.nextInt(3), random.nextInt(0, 8193));
                    Stream second = new Stream(true, true);
                    second.add(random, 0, random.nextInt(0, 9000)).add(random, 0, 5);
                    try (Loopback loopback = Loopback.open()) {
                        byte[] one = first.bytes();
                        byte[] two = second.bytes();
                        byte[] both = new byte[one.length + two.length];
                        System.arraycopy(one, 0, both, 0, one.length);
                        System.arraycopy(two, 0, both, one.length, two.length);
                        loopback.send(both, 0, both.length);

                        Collector login = new Collector(false);
                        PduReader before = PduReader.pduByPdu(loopback.socket, login, 8192);
                        while (login.pdus.isEmpty()) {
                            loopback.read(before, 1);
                        }
                        login.assertSame(first.pdus);

                        Collector session = new Collector(true);
                        PduReader after = new PduReader(loopback.socket, session, SEGMENT_MAX);
                        after.negotiated(SEGMENT_MAX, true, true);
                        loopback.read(after, two.length);
                        session.assertSame(second.pdus);
                    }
                });
    }

    @Test
    void aSegmentAboveTheLimitIsRefusedByItsHeader() throws IOException {
        Stream stream = new Stream(false, false).add(new SplittableRandom(2), 0, 513);
        try (Loopback loopback = Loopback.open()) {
            Collector collector = new Collector(true);
            PduReader reader = new PduReader(loopback.socket, collector, 512);
            loopback.send(stream.bytes(), 0, Bhs.LENGTH);
            assertThatExceptionOfType(ProtocolException.class)
                    .isThrownBy(() -> loopback.read(reader, Bhs.LENGTH))
                    .withMessageContaining("513")
                    .withMessageContaining("512");
            assertThat(collector.longestSegment).isZero();
        }
    }

    @Test
    void everyDamagedByteOfAHeaderIsFound() throws IOException {
        Stream stream = new Stream(true, false).add(new SplittableRandom(3), 8, 0);
        for (int at = 0; at < stream.bytes().length; at++) {
            // a damaged length asks for other bytes, which may never come
            if (at < 4 || at > 7) {
                damaged(stream, at, true, false);
            }
        }
    }

    @Test
    void everyDamagedByteOfASegmentIsFound() throws IOException {
        Stream stream = new Stream(false, true).add(new SplittableRandom(4), 0, 33);
        for (int at = Bhs.LENGTH; at < stream.bytes().length; at++) {
            damaged(stream, at, false, true);
        }
    }

    private static void damaged(Stream stream, int at, boolean headerDigest, boolean dataDigest)
            throws IOException {
        byte[] bytes = stream.bytes();
        bytes[at] ^= 0x04;
        try (Loopback loopback = Loopback.open()) {
            Collector collector = new Collector(true);
            PduReader reader = new PduReader(loopback.socket, collector, SEGMENT_MAX);
            reader.negotiated(SEGMENT_MAX, headerDigest, dataDigest);
            loopback.send(bytes, 0, bytes.length);
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() -> loopback.read(reader, bytes.length))
                    .withMessageContaining("digest");
            assertThat(collector.pdus).isEmpty();
        }
    }

    @Test
    void anEndOfTheConnectionIsALostConnection() throws IOException {
        Stream stream = new Stream(false, false).add(new SplittableRandom(5), 0, 100);
        try (Loopback loopback = Loopback.open()) {
            Collector collector = new Collector(true);
            PduReader reader = new PduReader(loopback.socket, collector, SEGMENT_MAX);
            loopback.send(stream.bytes(), 0, 80);
            loopback.peer.close();
            assertThatExceptionOfType(TransportException.class)
                    .isThrownBy(() -> loopback.read(reader, 100));
            assertThat(collector.pdus).isEmpty();
        }
    }

    @Test
    void nothingToReadIsNoError() throws IOException {
        try (Loopback loopback = Loopback.open()) {
            PduReader reader = new PduReader(loopback.socket, new Collector(true), SEGMENT_MAX);
            assertThat(reader.read()).isZero();
            assertThat(reader.drained()).isTrue();
        }
    }
}
