// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.DEBUG;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.posix.Descriptor;
import org.lunlock.posix.Errno;
import org.lunlock.posix.PosixException;

/**
 * A block device of Linux that is a client of an NBD server on this machine: {@code /dev/nbdN}.
 *
 * <p>Unlike a loop device it can be disconnected under whoever uses it, so {@link #detach} looks
 * first. The kernel keeps the number from being connected again until its last user has ended: what
 * a process or an old mount still writes to it never reaches another volume. That holds for
 * connections made by netlink, as nbd-client makes them since 3.17, and not for its older way.
 *
 * <p>A file beside the socket says which device it is, for {@link Leftovers}.
 */
final class NbdDevice implements LocalDevice {
    private static final System.Logger LOG = System.getLogger(NbdDevice.class.getPackageName());

    private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);
    private static final String RECORD = ".device";

    /**
     * What is to be connected.
     *
     * @param export its name
     * @param sectorBytes the logical block size of the device, 512 or 4096
     * @param answersWithin after which a request that is not answered makes the device fail for
     *     good; longer than the export ever takes
     */
    record Wanted(
            Path socket,
            String export,
            int sectorBytes,
            boolean readOnly,
            Duration answersWithin) {}

    private final Tools tools;
    private final Path sysBlock;
    private final Path device;
    private final Path record;

    /** What the kernel shows for this connection alone: the process that made it. */
    private final String connectedBy;

    private final ReentrantLock lock = new ReentrantLock();
    private boolean disconnected;

    /**
     * @param sysBlock where the kernel shows its block devices
     */
    private NbdDevice(Tools tools, Path sysBlock, Path device, Path record, String connectedBy) {
        this.tools = tools;
        this.sysBlock = sysBlock;
        this.device = device;
        this.record = record;
        this.connectedBy = connectedBy;
    }

    /**
     * Returns if this kernel has NBD, by a module that is loaded now if need be.
     *
     * @throws LunlockException when it has not
     */
    static void requireKernel(Tools tools) throws LunlockException {
        if (!Files.isDirectory(Path.of("/sys/module/nbd"))) {
            ExecResult result = tools.run(COMMAND_TIMEOUT, "modprobe", "nbd");
            if (!result.ok()) {
                throw new LunlockException(
                        ExitCode.CONFIGURATION,
                        "this kernel has no NBD (%s): install its module nbd, or attach by FUSE"
                                .formatted(result.complaint()));
            }
        }
    }

    /** Connects a free device to the export. */
    static NbdDevice connect(Tools tools, Wanted wanted) throws LunlockException {
        return connect(tools, SYS_BLOCK, wanted);
    }

    static NbdDevice connect(Tools tools, Path sysBlock, Wanted wanted) throws LunlockException {
        String complaint = "none is free: modprobe nbd with nbds_max=N makes more";
        for (Path free : free(sysBlock)) {
            ExecResult result = tools.run(COMMAND_TIMEOUT, "nbd-client", arguments(wanted, free));
            Optional<String> by = connectedBy(sysBlock, free);
            if (result.ok() && by.isPresent()) {
                NbdDevice made =
                        new NbdDevice(tools, sysBlock, free, record(wanted.socket), by.get());
                made.remember();
                return made;
            }
            complaint = result.complaint(); // somebody else was faster, or an old user is left
            if (result.timedOut()) {
                break;
            }
        }
        throw new LunlockException(
                ExitCode.IO,
                "no NBD device for %s (%s): see lsblk and dmesg"
                        .formatted(wanted.export, complaint));
    }

    private static String[] arguments(Wanted wanted, Path free) {
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of("-unix", wanted.socket.toString(), free.toString()));
        arguments.addAll(List.of("-name", wanted.export));
        arguments.addAll(List.of("-block-size", Integer.toString(wanted.sectorBytes)));
        arguments.addAll(List.of("-timeout", Long.toString(wanted.answersWithin.toSeconds())));
        if (wanted.readOnly) {
            arguments.add("-readonly");
        }
        return arguments.toArray(String[]::new);
    }

    /** The devices that nobody has connected, by their numbers. */
    private static List<Path> free(Path sysBlock) throws LunlockException {
        try (var names = Files.list(sysBlock)) {
            return names.map(name -> Path.of("/dev").resolve(name.getFileName()))
                    .filter(name -> name.toString().matches("/dev/nbd[0-9]+"))
                    .filter(name -> connectedBy(sysBlock, name).isEmpty())
                    .sorted(Comparator.comparingInt(NbdDevice::index))
                    .toList();
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO, "NBD devices cannot be listed: " + e.getMessage(), e);
        }
    }

    private static int index(Path device) {
        return Integer.parseInt(device.toString().substring("/dev/nbd".length()));
    }

    private static Optional<String> connectedBy(Path sysBlock, Path device) {
        try {
            Path file = sysBlock.resolve(device.getFileName()).resolve("pid");
            return Optional.of(Files.readString(file).strip());
        } catch (IOException e) {
            return Optional.empty(); // there is no such file for a device that is free
        }
    }

    private static Path record(Path socket) {
        return socket.resolveSibling(socket.getFileName() + RECORD);
    }

    private void remember() throws LunlockException {
        try {
            Files.writeString(record, "%s %s %s".formatted(device, connectedBy, boot()), UTF_8);
        } catch (IOException e) {
            try {
                disconnect(); // rather than one that a later daemon would not know
            } catch (LunlockException disconnecting) {
                e.addSuppressed(disconnecting);
            }
            throw new LunlockException(
                    ExitCode.IO, "cannot write %s: %s".formatted(record, e.getMessage()), e);
        }
    }

    /** Numbers mean nothing after the next start of the machine. */
    private static String boot() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    }

    /**
     * Those that a daemon of this home has connected and not taken away.
     *
     * @param directory with the sockets; need not exist
     */
    static List<NbdDevice> remembered(Tools tools, Path directory) throws IOException {
        return remembered(tools, SYS_BLOCK, directory);
    }

    static List<NbdDevice> remembered(Tools tools, Path sysBlock, Path directory)
            throws IOException {
        List<NbdDevice> found = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return found;
        }
        try (var records = Files.newDirectoryStream(directory, "*" + RECORD)) {
            for (Path record : records) {
                NbdDevice device = readRecord(tools, sysBlock, record);
                if (device != null && device.attached()) {
                    found.add(device);
                } else {
                    Files.delete(record);
                }
            }
        }
        return found;
    }

    private static @Nullable NbdDevice readRecord(Tools tools, Path sysBlock, Path record)
            throws IOException {
        String[] words = Files.readString(record, UTF_8).split(" ", -1);
        boolean whole = words.length == 3 && words[0].startsWith("/dev/nbd");
        return whole && words[2].equals(boot())
                ? new NbdDevice(tools, sysBlock, Path.of(words[0]), record, words[1])
                : null;
    }

    @Override
    public Path device() {
        return device;
    }

    @Override
    public Path sys() {
        return sysBlock.resolve(device.getFileName());
    }

    @Override
    public Tools tools() {
        return tools;
    }

    /** Whether it still has our connection; the number may be somebody else's by now. */
    private boolean attached() {
        return connectedBy(sysBlock, device).filter(connectedBy::equals).isPresent();
    }

    /** Makes all I/O fail, at once and for good, what is under way too. Idempotent. */
    void disconnect() throws LunlockException {
        lock.lock(); // once: afterwards the number may be somebody else's
        try {
            if (disconnected || !attached()) {
                return;
            }
            ExecResult result = tools.run(COMMAND_TIMEOUT, "nbd-client", "-d", device.toString());
            if (!result.ok() && attached()) {
                throw new LunlockException(
                        ExitCode.IO,
                        "%s cannot be disconnected: %s".formatted(device, result.complaint()));
            }
            disconnected = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void detach(Duration patience) throws LunlockException {
        Deadline deadline = Deadline.in(patience);
        while (attached()) {
            List<String> users = BusyProcesses.ofDisk(device);
            if (users.isEmpty() && disconnectUnused()) {
                detachForced(patience);
                return;
            }
            if (deadline.passed()) {
                throw new LunlockException(ExitCode.IO, stillInUse(users));
            }
            deadline.pause(LOOK_AGAIN);
        }
        forget();
    }

    /** False when it is mounted, in any name space, or the kernel uses it otherwise. */
    private boolean disconnectUnused() throws LunlockException {
        Descriptor claim;
        try {
            claim = Descriptor.open(device, Descriptor.READ_ONLY | Descriptor.EXCLUSIVE);
        } catch (PosixException e) {
            if (e.errno() == Errno.EBUSY) {
                return false;
            }
            throw new LunlockException(
                    ExitCode.IO, "cannot look at %s: %s".formatted(device, e.getMessage()), e);
        }
        try {
            disconnect(); // nobody can mount it meanwhile
            return true;
        } finally {
            try {
                claim.close();
            } catch (PosixException e) {
                LOG.log(DEBUG, "closing " + device, e);
            }
        }
    }

    @Override
    public void detachForced(Duration patience) throws LunlockException {
        disconnect();
        Deadline deadline = Deadline.in(patience);
        while (attached()) {
            if (deadline.passed()) {
                throw new LunlockException(ExitCode.IO, stillInUse(BusyProcesses.ofDisk(device)));
            }
            deadline.pause(LOOK_AGAIN);
        }
        forget();
    }

    private void forget() {
        try {
            Files.deleteIfExists(record);
        } catch (IOException e) {
            LOG.log(DEBUG, "it is stale, which is seen when it is read", e);
        }
    }

    private String stillInUse(List<String> users) {
        return "%s is still in use%s: end what uses it, then try again"
                .formatted(device, users.isEmpty() ? "" : " by " + String.join(", ", users));
    }
}
