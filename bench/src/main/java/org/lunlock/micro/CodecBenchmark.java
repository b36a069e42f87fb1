// SPDX-License-Identifier: Apache-2.0
package org.lunlock.micro;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataIn;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TargetPdu;
import org.lunlock.iscsi.pdu.TaskAttribute;
import org.lunlock.iscsi.scsi.BlockCommands;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Headers into bytes and back, as each command and each answer needs it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CodecBenchmark {
    private static final int LENGTH = 4096;

    private final ByteBuffer out = ByteBuffer.allocate(Bhs.LENGTH);
    private final ByteBuffer dataIn = ByteBuffer.allocateDirect(Bhs.LENGTH);
    private long lba;
    private int number;

    public CodecBenchmark() {
        new DataIn(
                        true,
                        false,
                        false,
                        false,
                        true,
                        0,
                        LENGTH,
                        0,
                        7,
                        Bhs.RESERVED_TAG,
                        1,
                        2,
                        3,
                        0,
                        0,
                        0)
                .encode(dataIn);
    }

    @Benchmark
    public ByteBuffer encodeRead() {
        lba += 8;
        number++;
        new ScsiCommand(
                        false,
                        true,
                        true,
                        false,
                        TaskAttribute.SIMPLE,
                        0,
                        0,
                        1L << 48,
                        number,
                        LENGTH,
                        number,
                        number,
                        BlockCommands.readHigh(lba, 8, 0),
                        BlockCommands.readLow(lba, 8))
                .encode(out);
        return out;
    }

    @Benchmark
    public ByteBuffer encodeDataOut() {
        number++;
        new DataOut(true, LENGTH, 1L << 48, number, number, number, 0, 0).encode(out);
        return out;
    }

    /** What the data path reads of a Data-In, in place. */
    @Benchmark
    public long readDataIn() throws ProtocolException {
        DataIn.check(dataIn);
        return DataIn.bufferOffset(dataIn)
                + DataIn.dataSn(dataIn)
                + DataIn.status(dataIn)
                + TargetPdu.statSn(dataIn)
                + TargetPdu.expCmdSn(dataIn)
                + TargetPdu.maxCmdSn(dataIn);
    }

    /** The same by way of a record. */
    @Benchmark
    public DataIn decodeDataIn() throws ProtocolException {
        return DataIn.decode(dataIn);
    }
}
