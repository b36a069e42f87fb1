// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * {@code qemu-img bench}: libiscsi as virtual machines use it. It counts requests and not time, so
 * a short run, its warm-up, tells how many make the seconds.
 */
final class QemuImg implements Program {
    private static final int WARM_UP_REQUESTS = 400;
    private static final Pattern SECONDS = Pattern.compile("Run completed in ([0-9.]+) seconds");

    private final String portal;
    private final String target;
    private final String lun;

    QemuImg(String portal, String target, String lun) {
        this.portal = portal;
        this.target = target;
        this.lun = lun;
    }

    @Override
    public String name() {
        return "qemu-img";
    }

    @Override
    public boolean does(Cell cell) {
        return cell.digests() != Cell.Digests.HEADER_AND_DATA;
    }

    @Override
    public Sample run(Cell cell, int seconds) throws IOException, InterruptedException {
        double warmUp = bench(cell, WARM_UP_REQUESTS).number(SECONDS);
        int requests = (int) Math.max(WARM_UP_REQUESTS, WARM_UP_REQUESTS / warmUp * seconds);
        Timed run = bench(cell, requests);
        double bytes = (double) requests * cell.requestBytes();
        return new Sample(bytes / run.number(SECONDS), run.cpuSeconds() / bytes * 1e9, Double.NaN);
    }

    private Timed bench(Cell cell, int requests) throws IOException, InterruptedException {
        String digest = cell.digests() == Cell.Digests.HEADER ? "crc32c" : "none";
        List<String> command = new ArrayList<>(List.of("qemu-img", "bench", "-t", "none"));
        if (cell.write()) {
            command.add("-w");
        }
        command.addAll(List.of("-c", Integer.toString(requests)));
        command.addAll(List.of("-d", Integer.toString(cell.depth())));
        command.addAll(List.of("-s", Integer.toString(cell.requestBytes())));
        command.addAll(
                List.of(
                        "--image-opts",
                        "driver=iscsi,transport=tcp,portal=%s,target=%s,lun=%s,header-digest=%s"
                                .formatted(portal, target, lun, digest)));
        return Timed.run(command);
    }
}
