// SPDX-License-Identifier: Apache-2.0
package org.lunlock.micro;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.transport.PduBatch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** What a data segment costs before it is sent: its place in a batch, and CRC32C over it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class DigestBenchmark {
    @Param({"512", "4096", "8192", "262144"})
    private int bytes;

    private final PduBatch plain = new PduBatch();
    private final PduBatch digested = new PduBatch();
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer bhs = ByteBuffer.allocate(Bhs.LENGTH);
    private ByteBuffer data = ByteBuffer.allocateDirect(0);

    @Setup(Level.Trial)
    public void prepare() {
        data = ByteBuffer.allocateDirect(bytes);
        for (int i = 0; i < bytes; i++) {
            data.put(i, (byte) (i * 31));
        }
        digested.negotiated(true, true);
        new DataOut(true, bytes, 1L << 48, 1, 1, 1, 0, 0).encode(bhs);
    }

    @Benchmark
    public long crc32c() {
        crc.reset();
        crc.update(data.clear());
        return crc.getValue();
    }

    @Benchmark
    public boolean batch() {
        plain.add(bhs, data.clear());
        boolean any = !plain.isEmpty();
        plain.clear();
        return any;
    }

    @Benchmark
    public boolean batchWithDigests() {
        digested.add(bhs, data.clear());
        boolean any = !digested.isEmpty();
        digested.clear();
        return any;
    }
}
