// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;

/** libiscsi's own benchmark. It only reads. */
final class IscsiPerf implements Program {
    private static final int BLOCK_BYTES = 512;
    private static final Pattern REQUESTS_PER_SECOND = Pattern.compile("iops average (\\d+)");

    private final String url;

    IscsiPerf(String url) {
        this.url = url;
    }

    @Override
    public String name() {
        return "iscsi-perf";
    }

    @Override
    public boolean does(Cell cell) {
        return !cell.write() && cell.digests() != Cell.Digests.HEADER_AND_DATA;
    }

    @Override
    public Sample run(Cell cell, int seconds) throws IOException, InterruptedException {
        Timed run =
                Timed.run(
                        List.of(
                                "iscsi-perf",
                                "-m",
                                Integer.toString(cell.depth()),
                                "-b",
                                Integer.toString(cell.requestBytes() / BLOCK_BYTES),
                                "-t",
                                Integer.toString(seconds),
                                cell.digests() == Cell.Digests.HEADER
                                        ? url + "?header_digest=crc32c"
                                        : url));
        double bytesPerSecond = run.number(REQUESTS_PER_SECOND) * cell.requestBytes();
        double gigabytes = bytesPerSecond * seconds / 1e9;
        return new Sample(bytesPerSecond, run.cpuSeconds() / gigabytes, Double.NaN);
    }
}
