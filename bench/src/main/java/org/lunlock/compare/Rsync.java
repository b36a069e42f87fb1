// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.ToDoubleFunction;

/**
 * {@code rsync -a} of this JDK into a new ext4: once on a volume, through all that is lunlock's and
 * the target, whose disk is a file, and once on a loop-mounted file beside that. Both are flushed
 * in the end.
 */
final class Rsync implements AutoCloseable {
    /** Of the file beside; {@code bench/compare} has made the target's as long. */
    private static final long DISK_BYTES = 1L << 30;

    private final Site site;
    private final Path tree = Path.of(System.getProperty("java.home"));
    private final Path file;
    private final Path mountPoint;
    private final Server daemon;
    private final List<Times> volume = new ArrayList<>();
    private final List<Times> local = new ArrayList<>();
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Seconds of rsync, and of the flush behind it. */
    private record Times(double copy, double flush) {
        double all() {
            return copy + flush;
        }
    }

    Rsync(Site site) throws IOException, InterruptedException {
        this.site = site;
        this.file = site.work().resolve("local-disk");
        this.mountPoint = Files.createDirectories(site.work().resolve("local"));
        site.configure();
        this.daemon = site.daemon();
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
        run("fallocate", "-l", Long.toString(DISK_BYTES), file.toString());
    }

    String run(int rounds) throws IOException, InterruptedException {
        run("sh", "-c", "tar -cf - \"$0\" | cat > /dev/null", tree.toString()); // into the cache
        for (int round = 0; round < rounds; round++) {
            for (int turn = 0; turn < 2; turn++) {
                boolean first = (round + turn) % 2 == 0;
                List<Times> times = first ? volume : local;
                times.add(first ? onVolume() : onLocalDisk());
                System.err.printf(
                        Locale.ROOT,
                        "round %d of %d, %s: %.2f s, with the flush %.2f s%n",
                        round + 1,
                        rounds,
                        first ? "volume" : "local",
                        times.getLast().copy(),
                        times.getLast().all());
            }
        }
        System.out.printf(
                "%-36s%12s%12s%8s%n", "rsync -a of a JDK, s", "lunlock", "local", "ratio");
        return line("rsync", Times::copy) + line("rsync and flush", Times::all);
    }

    private Times onVolume() throws IOException, InterruptedException {
        Timed _ =
                site.lunlock(
                        "run", Site.VOLUME, "--no-mount", "--", "sh", "-c", format("{device}"));
        Timed _ = site.lunlock("mount", Site.VOLUME);
        try {
            return copy(site.mountPoint());
        } finally {
            Timed _ = site.lunlock("unmount", Site.VOLUME);
        }
    }

    private Times onLocalDisk() throws IOException, InterruptedException {
        run("sh", "-c", format(file.toString()));
        run("mount", "-o", "loop", file.toString(), mountPoint.toString());
        try {
            return copy(mountPoint);
        } finally {
            run("umount", mountPoint.toString());
        }
    }

    /** Nothing is left to be written by the kernel later, in the middle of what is measured. */
    private static String format(String device) {
        return "mkfs.ext4 -qF -E nodiscard,lazy_itable_init=0,lazy_journal_init=0 " + device;
    }

    private Times copy(Path to) throws IOException, InterruptedException {
        long start = System.nanoTime();
        run("rsync", "-a", tree + "/", to + "/tree/");
        long copied = System.nanoTime();
        run("sync", "-f", to.toString());
        return new Times((copied - start) / 1e9, (System.nanoTime() - copied) / 1e9);
    }

    private static void run(String... command) throws IOException, InterruptedException {
        Timed _ = Timed.run(List.of(command));
    }

    /** A line of the table, and its JSON. */
    private String line(String name, ToDoubleFunction<Times> field) {
        double[] ours = volume.stream().mapToDouble(field).toArray();
        double[] theirs = local.stream().mapToDouble(field).toArray();
        double ratio = Sample.median(ours) / Sample.median(theirs);
        System.out.printf(
                Locale.ROOT,
                "%-36s%12.2f%12.2f%8.2f%n",
                name,
                Sample.median(ours),
                Sample.median(theirs),
                ratio);
        return String.format(
                Locale.ROOT,
                "{\"cell\":\"%s\",\"lunlock\":%s,\"local\":%s,\"ratio\":%.3f}%n",
                name,
                Arrays.toString(ours),
                Arrays.toString(theirs),
                ratio);
    }

    /** Takes down what is left. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        try {
            daemon.close();
            Process umount = new ProcessBuilder("umount", "-q", mountPoint.toString()).start();
            int _ = umount.waitFor(); // fails when nothing is mounted there
        } catch (IOException e) {
            System.err.println("compare: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
