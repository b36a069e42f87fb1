// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.iscsi.Check;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Until;

/**
 * The life of volumes that are attached by NBD, for a machine whose kernel has it: a program that
 * ends well or says what is wrong. {@code die} leaves everything behind, as a daemon that is killed
 * does, and {@code clear} clears it.
 */
public final class NbdScenario {
    private static final Path HOME = Path.of("/tmp/home");
    private static final Path POINT = Path.of("/tmp/home/mnt");
    private static final Duration PATIENCE = Duration.ofMillis(500);
    private static final Duration LONG = Duration.ofMinutes(1);

    private final Tools tools = new Tools(new ProcessExec());
    private final RamDevice device = new RamDevice(48 << 20);

    private NbdScenario() {}

    public static void main(String[] arguments) throws Exception {
        NbdScenario scenario = new NbdScenario();
        switch (arguments[0]) {
            case "live" -> {
                scenario.fileSystemRoundTrip();
                scenario.whoeverUsesItIsWaitedForAndNamed();
                scenario.closedByForceItEndsAndItsNumberStaysTaken();
                scenario.abortedItFailsWhatIsUnderWay();
            }
            case "die" -> scenario.die();
            case "clear" -> scenario.clear();
            default -> throw new IllegalArgumentException(arguments[0]);
        }
        System.out.println(arguments[0] + ": well");
        Runtime.getRuntime().halt(0); // a program that hangs in the kernel is not waited for
    }

    private Attachment attach(AttachSpec.@Nullable Mount mount) throws LunlockException {
        return LinuxAttachment.open(
                new AttachSpec("v", HOME, mount, AttachSpec.Method.NBD, LONG),
                device,
                tools,
                PATIENCE);
    }

    private Attachment mount() throws LunlockException {
        return attach(new AttachSpec.Mount(POINT, true, "", null));
    }

    private void makeFileSystem() throws LunlockException {
        try (Attachment attachment = attach(null)) {
            ExecResult made = tools.run(LONG, "mkfs.ext4", "-q", attachment.device().toString());
            Check.that(made.ok(), made.complaint());
        }
    }

    private static boolean isFree(Path device) {
        return !Files.exists(Path.of("/sys/block").resolve(device.getFileName()).resolve("pid"));
    }

    private void fileSystemRoundTrip() throws Exception {
        makeFileSystem();
        byte[] content = new byte[5 << 20];
        new Random(1).nextBytes(content);
        Path used;
        try (Attachment attachment = mount()) {
            used = attachment.device();
            Files.write(POINT.resolve("kept"), content);
            Check.that(tools.run(LONG, "fstrim", POINT.toString()).ok(), "fstrim");
        }
        Check.that(isFree(used), used + " is free again");
        Check.that(!Files.exists(HOME.resolve("nbd/v.device")), "its record is gone");
        Check.that(!Files.exists(HOME.resolve("nbd/v")), "its socket is gone");
        Check.that(device.count(Operation.FLUSH) > 0, "flushes reached the device");
        Check.that(device.forcedWrites() > 0, "so did writes to stable storage");
        Check.that(device.count(Operation.DISCARD) > 0, "and discards");
        device.readOnly(true);
        try (Attachment attachment = mount()) {
            byte[] read = Files.readAllBytes(POINT.resolve("kept"));
            Check.that(Arrays.equals(read, content), "what was written is read");
            Path ro = Path.of("/sys/block").resolve(attachment.device().getFileName());
            Check.that(Files.readString(ro.resolve("ro")).equals("1\n"), "it is read-only");
        }
        device.readOnly(false);
    }

    private void whoeverUsesItIsWaitedForAndNamed() throws Exception {
        Attachment mounted = mount();
        Process sleeper = new ProcessBuilder("sleep", "100").directory(POINT.toFile()).start();
        refuses(mounted, "sleep (pid");
        sleeper.destroyForcibly().waitFor();
        mounted.close();
        Attachment attached = attach(null);
        try (FileChannel user = FileChannel.open(attached.device(), READ, WRITE)) {
            refuses(attached, "is still in use by java");
            write(user); // nothing was taken from it
        }
        Process _ = start("mount", attached.device().toString(), POINT.toString());
        Until.that("it is mounted", () -> mountedAt(POINT));
        refuses(attached, "is still in use"); // a mount that is not ours
        Check.that(start("umount", POINT.toString()).waitFor() == 0, "umount");
        attached.close();
        attached.close();
    }

    private static Process start(String... command) throws IOException {
        return new ProcessBuilder(command).inheritIO().start();
    }

    private static boolean mountedAt(Path point) {
        try {
            return Files.readString(Path.of("/proc/mounts")).contains(" " + point + " ");
        } catch (IOException e) {
            return false;
        }
    }

    private static void write(FileChannel to) throws IOException {
        to.write(ByteBuffer.allocate(4096), 40 << 20);
        to.force(false);
    }

    private static void refuses(Attachment attachment, String because) {
        try {
            attachment.close();
        } catch (LunlockException e) {
            String message = String.valueOf(e.getMessage());
            Check.that(message.contains(because), message);
            Check.that(attachment.isOpen(), "it is still attached");
            return;
        }
        throw new IllegalStateException("it was closed under its user");
    }

    private void closedByForceItEndsAndItsNumberStaysTaken() throws Exception {
        Attachment forced = mount();
        Path taken = forced.device();
        try (FileChannel user = FileChannel.open(taken, READ, WRITE)) {
            device.hold();
            Process writer = write(POINT.resolve("more"));
            Until.that("something is under way", () -> device.held() > 0);
            long begin = System.nanoTime();
            List<String> left = forced.closeForced();
            Duration took = Duration.ofNanos(System.nanoTime() - begin);
            Check.that(took.compareTo(LONG) < 0, "it took " + took);
            Check.that(left.toString().contains(taken + " is still in use"), left.toString());
            Check.that(
                    writer.waitFor(LONG.toSeconds(), TimeUnit.SECONDS), "whoever wrote has ended");
            Check.that(writer.exitValue() != 0, "with an error");
            device.release();
            Attachment next = attach(null);
            Check.that(!next.device().equals(taken), "another volume got the same number");
            try {
                write(user);
                throw new IllegalStateException("an old user wrote to somewhere");
            } catch (IOException e) {
                System.out.println("an old user is told: " + e.getMessage());
            }
            next.close();
        }
        Until.that("the number goes with its last user", () -> isFree(taken));
    }

    private void abortedItFailsWhatIsUnderWay() throws Exception {
        Attachment aborted = attach(null);
        device.hold();
        Process writer = write(aborted.device());
        Until.that("something is under way", () -> device.held() > 0);
        aborted.abort();
        Check.that(writer.waitFor(LONG.toSeconds(), TimeUnit.SECONDS), "whoever wrote has ended");
        Check.that(writer.exitValue() != 0, "with an error");
        device.release();
        Check.that(aborted.closeForced().isEmpty(), "nothing is left");
        Check.that(isFree(aborted.device()), "it is free again");
    }

    private static Process write(Path to) throws IOException {
        return start("dd", "if=/dev/zero", "of=" + to, "bs=64k", "count=16", "conv=fsync,notrunc");
    }

    private void die() throws Exception {
        makeFileSystem();
        Attachment mounted = mount();
        device.hold();
        Process _ = write(POINT.resolve("more"));
        Until.that("something is under way", () -> device.held() > 0);
        System.out.println("mounted " + mounted.device());
    }

    private void clear() throws Exception {
        List<String> cleared = Leftovers.clear(HOME);
        System.out.println(cleared);
        Check.that(cleared.contains("cleared mount " + POINT + " of /dev/nbd0"), "the mount");
        Check.that(cleared.contains("cleared device /dev/nbd0"), "the device");
        Check.that(!mountedAt(POINT) && isFree(Path.of("/dev/nbd0")), "nothing is left");
        Check.that(Leftovers.clear(HOME).isEmpty(), "once is enough");
        Check.that(Leftovers.clear(HOME.resolve("other")).isEmpty(), "others are left alone");
        makeFileSystem(); // the same socket, the same number
    }
}
