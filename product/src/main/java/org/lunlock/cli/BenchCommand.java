// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.Iterator;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.bench.Benchmark;
import org.lunlock.bench.Workload;
import org.lunlock.block.BlockDevice;
import org.lunlock.volume.Recording;
import org.lunlock.volume.UnlockedVolume;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code bench}. */
@Command(
        name = "bench",
        header = "Measure how fast a logical unit reads or writes, without taking its lock.")
final class BenchCommand implements Callable<Integer> {
    /** As much as one command carries; larger requests would be several. */
    private static final int REQUEST_BYTES_MAX = 1 << 20;

    /** As many as a session has under way. */
    private static final int DEPTH_MAX = 128;

    /** Held, because a logger that nobody holds forgets its level. */
    private static final Logger OURS = Logger.getLogger("org.lunlock");

    private final Globals globals;

    @Parameters(
            paramLabel = "VOLUME|URL",
            description = "A volume, or iscsi://host/target-name/lun.")
    private String volumeOrUrl = "";

    @Option(
            names = "--rw",
            paramLabel = "PATTERN",
            description = "read, write, randread or randwrite (default: read).")
    private Workload.Pattern pattern = Workload.Pattern.READ;

    @Option(
            names = "--block",
            paramLabel = "SIZE",
            converter = Sizes.Bytes.class,
            description = "Bytes of a request: 512, 4k, 64k, 1m (default: 4k).")
    private long requestBytes = 4 << 10;

    @Option(
            names = "--depth",
            paramLabel = "N",
            description = "Requests under way at a time, 1 to 128 (default: 32).")
    private int depth = 32;

    @Option(
            names = "--shared-buffer",
            description =
                    "One buffer for all requests, as where what is read is thrown away (default: one"
                            + " for each).")
    private boolean sharedBuffer;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            description = "How long it is measured (default: 5).")
    private int seconds = 5;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description = "Seconds before that do not count (default: 2).")
    private int warmUpSeconds = 2;

    @Option(
            names = "--turns",
            description =
                    "Measure once for each line of standard input, until it ends, to take turns with"
                            + " another program.")
    private boolean turns;

    @Option(
            names = "--destroy-data",
            description = "Needed for writing: it overwrites what the volume holds.")
    private boolean destroyData;

    BenchCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        checkUsage();
        OURS.setLevel(globals.verbose() ? Level.INFO : Level.WARNING);
        Secrets.warnIfIn(volumeOrUrl, globals);
        try (Recording _ = Recording.start(globals.trace());
                UnlockedVolume volume =
                        UnlockedVolume.open(
                                globals.home(), volumeOrUrl, pattern.writes(), globals.timeout())) {
            measure(volume, new BenchPrinter(globals));
        }
        return ExitCode.OK.code();
    }

    private void checkUsage() throws LunlockException {
        check(
                requestBytes >= 512 && requestBytes <= REQUEST_BYTES_MAX,
                "a request has 512 bytes to 1 MiB (--block)");
        check(depth >= 1 && depth <= DEPTH_MAX, "1 to 128 requests are under way (--depth)");
        check(seconds >= 1 && warmUpSeconds >= 0, "it takes some seconds (--seconds, --warm-up)");
        check(
                destroyData || !pattern.writes(),
                "writing destroys what the volume holds (--rw "
                        + pattern
                        + "): add --destroy-data if nothing on it is needed");
    }

    private static void check(boolean holds, String message) throws LunlockException {
        if (!holds) {
            throw new LunlockException(ExitCode.USAGE, message);
        }
    }

    private void measure(UnlockedVolume volume, BenchPrinter printer) throws LunlockException {
        BlockDevice device = volume.device();
        check(
                requestBytes % device.blockBytes() == 0 && requestBytes <= device.capacityBytes(),
                "a request is a multiple of the volume's block of "
                        + device.blockBytes()
                        + " bytes, and no larger than the volume (--block)");
        Workload workload =
                new Workload(
                        pattern,
                        (int) requestBytes,
                        depth,
                        sharedBuffer,
                        Duration.ofSeconds(warmUpSeconds),
                        Duration.ofSeconds(seconds));
        Benchmark benchmark = new Benchmark(device, workload, printer::progress);
        try {
            benchmark.warmUp();
            for (Iterator<String> each = turns().iterator(); each.hasNext(); each.next()) {
                printer.result(volume.name(), benchmark.run());
            }
        } catch (UncheckedIOException e) {
            IOException cause = Objects.requireNonNull(e.getCause());
            throw new LunlockException(
                    ExitCode.IO,
                    "standard input cannot be read (--turns): " + cause.getMessage(),
                    cause);
        } catch (IOException e) {
            throw volume.failure(e);
        } finally {
            printer.endOfProgress();
        }
    }

    /** Each of them is measured once; where nobody else has turns there is one. */
    private Stream<String> turns() {
        return turns
                ? new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset()))
                        .lines()
                : Stream.of("");
    }
}
