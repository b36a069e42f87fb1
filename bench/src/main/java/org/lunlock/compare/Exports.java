// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Lunlock's export of logical unit 1 beside qemu's of logical unit 2, which is like it: while
 * lunlock holds the first, its reservation keeps everybody else out.
 */
final class Exports implements AutoCloseable {

    /** How the logical units are offered. */
    enum Kind {
        /** The file of `lunlock attach` beside that of qemu-storage-daemon. */
        FUSE,
        /** `lunlock export --nbd` beside qemu-nbd. */
        NBD;

        String title() {
            return this == FUSE ? "fuse" : "nbd";
        }
    }

    private final Server daemon;
    private final Server peer;
    private final List<Program> programs;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** Starts both, and has them compile and warm what they use. */
    static Exports open(Site site, Kind kind) throws IOException, InterruptedException {
        site.configure();
        return switch (kind) {
            case FUSE -> files(site);
            case NBD -> nbd(site);
        };
    }

    private Exports(Server daemon, Server peer, List<Fio> programs)
            throws IOException, InterruptedException {
        this.daemon = daemon;
        this.peer = peer;
        this.programs = List.copyOf(programs);
        Runtime.getRuntime().addShutdownHook(new Thread(this::close));
        for (Fio fio : programs) {
            fio.warmUp();
        }
    }

    private static Exports files(Site site) throws IOException, InterruptedException {
        Path file = Files.createFile(site.work().resolve("qemu-disk"));
        Server qemu =
                Server.start(
                        site.work().resolve("qemu-storage-daemon.log"),
                        List.of(
                                "qemu-storage-daemon",
                                "--blockdev",
                                "driver=iscsi,node-name=unit,transport=tcp,portal=%s,target=%s,lun=2"
                                        .formatted(site.portal(), site.target()),
                                "--export",
                                "type=fuse,id=file,node-name=unit,writable=on,mountpoint=" + file),
                        () -> Files.size(file) > 0);
        Server daemon = site.daemon();
        Timed _ = site.lunlock("attach", Site.VOLUME);
        Path ours = site.home().resolve("run/fuse/" + Site.VOLUME + "/disk");
        return new Exports(
                daemon,
                qemu,
                List.of(
                        Fio.onFile("lunlock", daemon.process(), ours),
                        Fio.onFile("qemu-storage", qemu.process(), file)));
    }

    private static Exports nbd(Site site) throws IOException, InterruptedException {
        Path socket = site.work().resolve("qemu-nbd");
        Server qemu =
                Server.start(
                        site.work().resolve("qemu-nbd.log"),
                        List.of(
                                "qemu-nbd",
                                "--persistent",
                                "--format=raw",
                                "--cache=none",
                                "--socket=" + socket,
                                site.url(2)),
                        () -> Files.exists(socket));
        Server daemon = site.daemon();
        Path ours = site.work().resolve("lunlock-nbd");
        Server _ =
                Server.start(
                        site.work().resolve("lunlock-nbd.log"),
                        site.command("export", Site.VOLUME, "--nbd", "unix:" + ours),
                        () -> Files.exists(ours));
        return new Exports(
                daemon,
                qemu,
                List.of(
                        Fio.onNbd("lunlock", daemon.process(), Site.VOLUME, ours),
                        Fio.onNbd("qemu-nbd", qemu.process(), "", socket)));
    }

    /** Lunlock's first. */
    List<Program> programs() {
        return programs;
    }

    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        daemon.close(); // ends its exports, and the command that waits for one
        peer.close();
    }
}
