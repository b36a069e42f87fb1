// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.session.Session;

/**
 * A real target, tgtd of Linux SCSI target framework, for one test alone: its own control socket,
 * port and backing files, so that any number run side by side. LUN 0 is tgt's controller; disks are
 * LUN 1 and up.
 *
 * <p>The portal opens last, when the target is complete: an initiator that keeps trying to connect
 * sees a refused connection and then everything, never half a target. tgt ignores SIGTERM, so
 * however it ends here is a crash; persistent reservations do not survive one.
 */
public final class Tgt implements AutoCloseable {
    private static final Duration READY_WITHIN = Duration.ofSeconds(20);
    private static final String TGTADM = "tgtadm -C 0 --lld iscsi ";

    private static final String LOOPBACK = "127.0.0.1";

    private static final Pattern PORTAL = Pattern.compile("Portal: ([0-9.:]+),");
    private static final Pattern CONNECTION =
            Pattern.compile("Session: (\\d+)|Connection: (\\d+)|Initiator: (\\S+)");

    private final Options options;
    private final Path directory;
    private final List<Path> images = new ArrayList<>();
    private Leash tgtd;
    private int port;
    private int number = 1;

    /**
     * One disk.
     *
     * @param bytes its size, a multiple of {@code blockBytes}
     * @param blockBytes 512 or 4096
     * @param thin whether UNMAP works
     */
    public record Disk(long bytes, int blockBytes, boolean readOnly, boolean thin) {
        public static Disk ofMebibytes(int mebibytes) {
            return new Disk((long) mebibytes << 20, 512, false, false);
        }

        public Disk withBlockBytes(int blockBytes) {
            return new Disk(bytes, blockBytes, readOnly, thin);
        }

        public Disk thatIsReadOnly() {
            return new Disk(bytes, blockBytes, true, thin);
        }

        public Disk thatIsThin() {
            return new Disk(bytes, blockBytes, readOnly, true);
        }
    }

    /** One connection of an initiator, as tgt lists it. */
    public record Connection(int session, int cid, String initiator) {}

    /** What the target is like. With nothing said: one disk of 64 MiB, no CHAP. */
    public static final class Options {
        private final List<Disk> disks = new ArrayList<>();
        private final List<String[]> commands = new ArrayList<>();
        private String targetName = "iqn.2026-11.org.lunlock.test:tgt";
        private List<String> launcher = List.of();
        private String address = LOOPBACK;
        private @Nullable Credentials credentials;
        private boolean usedBefore;

        private Options() {}

        /**
         * Somewhere else than on loopback.
         *
         * @param launcher the words before the program that bring it there
         * @param address an IPv4 address that it has there
         */
        public Options on(List<String> launcher, String address) {
            this.launcher = List.copyOf(launcher);
            this.address = address;
            return this;
        }

        /** One more disk; the first is LUN 1. */
        public Options disk(Disk disk) {
            disks.add(disk);
            return this;
        }

        public Options targetName(String name) {
            targetName = name;
            return this;
        }

        /** What the initiator must know: CHAP. */
        public Options incoming(String user, String secret) {
            credentials = new Credentials(user, Secret.of(secret), null);
            return command("--mode account --op new --user", user, "--password", secret)
                    .command("--mode account --op bind --tid 1 --user", user);
        }

        /** What the target must know: mutual CHAP, beside {@link #incoming}. */
        public Options outgoing(String user, String secret) {
            return command("--mode account --op new --user", user, "--password", secret)
                    .command("--mode account --op bind --tid 1 --user", user, "--outgoing");
        }

        /** A key of the operational negotiation, or nop_interval and nop_count. */
        public Options parameter(String name, String value) {
            return command("--mode target --op update --tid 1 --name", name, "--value", value);
        }

        /**
         * Somebody registered with each disk and went again: none is taken for one that has lost
         * its reservations. Not for a target that this process does not reach, nor after {@link
         * Tgt#restart}.
         */
        public Options usedBefore() {
            usedBefore = true;
            return this;
        }

        private Options command(String words, String... more) {
            commands.add(arguments(words, more));
            return this;
        }

        /** Starts the target; skips the test where tgt is not installed. */
        public Tgt start() throws IOException {
            Tools.require("tgtd", "tgtadm");
            if (disks.isEmpty()) {
                disks.add(Disk.ofMebibytes(64));
            }
            return new Tgt(this);
        }
    }

    public static Options with() {
        return new Options();
    }

    /** A target with one disk of 64 MiB; skips the test where tgt is not installed. */
    public static Tgt start() throws IOException {
        return with().start();
    }

    private Tgt(Options options) throws IOException {
        this.options = options;
        this.directory = Files.createTempDirectory("tgt");
        for (int i = 0; i < options.disks.size(); i++) {
            Path image = directory.resolve("disk" + (i + 1) + ".img");
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                file.setLength(options.disks.get(i).bytes()); // sparse
            }
            images.add(image);
        }
        this.tgtd = launch();
        try {
            configure();
            port = Ports.bindAny(this::open);
            if (options.usedBefore) {
                use();
            }
        } catch (IOException | RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    public Portal portal() {
        return new Portal(options.address, port);
    }

    /** What it wants to hear at a login, or null where it asks for nothing. */
    @Nullable Credentials credentials() {
        return options.credentials;
    }

    public String targetName() {
        return options.targetName;
    }

    /** The iSCSI URL of a disk, as libiscsi's programs take it; without CHAP. */
    public String url(Lun lun) {
        return "iscsi://" + portal() + "/" + targetName() + "/" + lun.value();
    }

    /** The file behind LUN 1. */
    public Path image() {
        return image(new Lun(1));
    }

    /** The file behind a disk. */
    public Path image(Lun lun) {
        return images.get(lun.value() - 1);
    }

    /** The connections that the target believes in, those of discovery sessions left out. */
    public List<Connection> connections() {
        List<Connection> connections = new ArrayList<>();
        Matcher matcher = CONNECTION.matcher(tgtadm("--mode conn --op show --tid 1"));
        int session = 0;
        int cid = 0;
        while (matcher.find()) {
            if (matcher.group(1) != null) {
                session = Integer.parseInt(matcher.group(1));
            } else if (matcher.group(2) != null) {
                cid = Integer.parseInt(matcher.group(2));
            } else {
                connections.add(new Connection(session, cid, matcher.group(3)));
            }
        }
        return connections;
    }

    /** The target closes all connections, without a word to the initiators. */
    public void dropConnections() {
        for (Connection connection : connections()) {
            tgtadm(
                    "--mode conn --op delete --tid 1 --sid %d --cid %d"
                            .formatted(connection.session(), connection.cid()));
        }
    }

    /**
     * Runs tgtadm on this target, which is target 1 to whoever writes the words.
     *
     * @param words arguments between blanks
     * @param more arguments that may hold blanks
     * @return what it printed
     * @throws AssertionError with what it printed, when it failed
     */
    public String tgtadm(String words, String... more) {
        String now = words.replace("--tid 1", "--tid " + number);
        return Tools.run(environment(), arguments(TGTADM + now, more));
    }

    /** SIGKILL: connections are reset, and the port is closed until {@link #restart}. */
    public void kill() {
        tgtd.close();
    }

    /** SIGKILL where it still runs, then the same target on the same port with the same disks. */
    public void restart() throws IOException {
        kill();
        tgtd = launch();
        configure();
        open(port);
    }

    /**
     * As {@link #restart}, but as a target of another number: the same name and disks, whose
     * logical units say that they are others.
     */
    public void restartAsAnother() throws IOException {
        number++;
        restart();
    }

    /** SIGSTOP: connections stay and nothing is answered. */
    public void pause() {
        tgtd.pause();
    }

    public void resume() {
        tgtd.resume();
    }

    /** What tgtd printed so far. */
    public String log() {
        try {
            return Files.readString(directory.resolve("log"), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends tgtd and deletes the disks. Idempotent. */
    @Override
    public void close() {
        tgtd.close();
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            files.sorted(Comparator.reverseOrder()).forEach(Tgt::delete);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Leash launch() throws IOException {
        List<String> command = new ArrayList<>(options.launcher);
        command.add(Tools.find("tgtd").orElseThrow().toString());
        // it insists on a portal at its start; port 0 lets the kernel choose
        String first = "portal=" + options.address + ":0";
        command.addAll(List.of("-f", "-C", "0", "--iscsi", first));
        Leash started =
                Leash.start(
                        environment(), directory.resolve("log"), command.toArray(String[]::new));
        try {
            Await.until("tgtd answers", READY_WITHIN, () -> !portals().isEmpty());
        } catch (AssertionError e) {
            started.close();
            throw new AssertionError(e.getMessage() + "\n" + log(), e);
        }
        return started;
    }

    private void configure() {
        tgtadm("--mode target --op new --tid 1 -T", targetName());
        for (int i = 0; i < images.size(); i++) {
            addDisk(i + 1, options.disks.get(i), images.get(i));
        }
        for (String[] command : options.commands) {
            Tools.run(environment(), arguments(TGTADM.strip(), command));
        }
        tgtadm("--mode target --op bind --tid 1 -I ALL");
    }

    private void addDisk(int lun, Disk disk, Path image) {
        tgtadm(
                "--mode logicalunit --op new --tid 1 --bstype rdwr --lun %d --blocksize %d -b"
                        .formatted(lun, disk.blockBytes()),
                image.toString());
        tgtadm(
                "--mode logicalunit --op update --tid 1 --lun %d".formatted(lun),
                "--params",
                "readonly=%d,thin_provisioning=%d"
                        .formatted(disk.readOnly() ? 1 : 0, disk.thin() ? 1 : 0));
    }

    /** Opens the portal for initiators and closes the first one. */
    private void open(int candidate) throws IOException {
        List<String> first = portals();
        String opened = "portal=" + options.address + ":" + candidate;
        Tools.Ended ended =
                Tools.tryRun(
                        environment(),
                        arguments(TGTADM + "--mode portal --op new --param", opened));
        if (ended.exitCode() != 0) {
            throw new IOException("tgtd cannot open " + opened + ": " + ended.output());
        }
        for (String closed : first) {
            tgtadm("--mode portal --op delete --param", "portal=" + closed);
        }
    }

    private void use() throws IOException {
        ReservationKey key = new ReservationKey(1);
        try (Session session = PlainLogin.login(this, "earlier")) {
            for (int i = 1; i <= images.size(); i++) {
                Lun disk = new Lun(i);
                PlainLogin.awaken(session, disk);
                session.execute(
                        disk, PersistentReserveOut.register(ReservationKey.NONE, key, false));
                session.execute(
                        disk, PersistentReserveOut.register(key, ReservationKey.NONE, false));
            }
        }
    }

    /** Empty as long as tgtd does not answer. */
    private List<String> portals() {
        Tools.Ended ended =
                Tools.tryRun(environment(), arguments(TGTADM + "--mode portal --op show"));
        return PORTAL.matcher(ended.output()).results().map(found -> found.group(1)).toList();
    }

    private static String[] arguments(String words, String... more) {
        List<String> arguments = new ArrayList<>(List.of(words.split(" ", -1)));
        arguments.addAll(List.of(more));
        return arguments.toArray(new String[0]);
    }

    private Map<String, String> environment() {
        return Map.of("TGT_IPC_SOCKET", directory.resolve("control").toString());
    }
}
