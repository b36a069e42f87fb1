// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import org.lunlock.iscsi.Portal;

/**
 * A Linux whose kernel is an iSCSI target (LIO), in a machine that QEMU emulates: it needs no
 * rights and no hardware, shares nothing with the machine that tests, and is gone with this JVM. It
 * boots in ten to twenty seconds, so a class of tests shares one, with a {@link LioTarget} for each
 * test.
 */
public final class LioVm implements AutoCloseable {
    private static final String MAKES_IMAGE = "iscsi/src/test/sh/lio-image";

    /** Kernel and shell come from a Debian mirror the first time. */
    private static final Duration IMAGE_WITHIN = Duration.ofMinutes(5);

    private static final Duration BOOTED_WITHIN = Duration.ofMinutes(2);
    private static final Duration DONE_WITHIN = Duration.ofSeconds(30);
    private static final int PORT_INSIDE = 3260;

    private final Path directory;
    private final int port;
    private final Leash qemu;
    private final Socket serial;
    private final InputStream said;
    private int targets;

    /** Boots one; skips the test where QEMU is not installed. */
    public static LioVm boot() throws IOException {
        Tools.require("qemu-system-x86_64", "apt-get", "dpkg-deb", "cpio", "depmod");
        Path image = image();
        try (ServerSocket console = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            console.setSoTimeout((int) DONE_WITHIN.toMillis());
            return new LioVm(image, console);
        }
    }

    private LioVm(Path image, ServerSocket console) throws IOException {
        directory = Files.createTempDirectory("lio");
        port = Ports.bindAny(free -> new ServerSocket(free).close());
        qemu = Leash.start(Map.of(), directory.resolve("log"), machine(image, console));
        try {
            serial = console.accept();
            said = new BufferedInputStream(serial.getInputStream());
            serial.setSoTimeout((int) BOOTED_WITHIN.toMillis());
            answer();
            serial.setSoTimeout((int) DONE_WITHIN.toMillis());
        } catch (IOException e) {
            String log = log();
            qemu.close();
            throw new IOException("the Linux with LIO did not boot:\n" + log, e);
        }
    }

    private String[] machine(Path image, ServerSocket console) {
        return new String[] {
            "qemu-system-x86_64",
            "-accel",
            "tcg,thread=multi",
            "-cpu",
            "max",
            "-smp",
            "2",
            "-m",
            "512",
            "-nodefaults",
            "-display",
            "none",
            "-no-reboot",
            "-kernel",
            image.resolve("vmlinuz").toString(),
            "-initrd",
            image.resolve("initramfs").toString(),
            "-append",
            "console=ttyS0 quiet panic=-1 no_timer_check", // a busy machine's ticks come late
            "-serial",
            "file:" + directory.resolve("console"),
            "-chardev",
            "socket,id=scripts,host=127.0.0.1,port=%d".formatted(console.getLocalPort()),
            "-serial",
            "chardev:scripts",
            "-netdev",
            "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:%d-:%d".formatted(port, PORT_INSIDE),
            "-device",
            "virtio-net-pci,netdev=net,romfile="
        };
    }

    /** Where every target of this machine is reached from here. */
    public Portal portal() {
        return new Portal("127.0.0.1", port);
    }

    /** Where the targets themselves say they are. */
    public Portal portalInside() {
        return new Portal("10.0.2.15", PORT_INSIDE);
    }

    /** A target with a disk of 64 MiB. */
    public LioTarget newTarget() {
        return newTarget(64, 512);
    }

    /**
     * A target of its own for a test.
     *
     * @param mebibytes of its disk; all disks together have no more than some 200
     * @param blockBytes 512, 1024, 2048 or 4096
     */
    public LioTarget newTarget(int mebibytes, int blockBytes) {
        targets++;
        String name = "iqn.2026-11.org.lunlock.test:lio-" + targets;
        return new LioTarget(this, name, mebibytes, blockBytes);
    }

    /**
     * Runs a shell script in the machine, as root.
     *
     * @return what it printed, both streams
     * @throws AssertionError with what it printed, when it failed
     */
    public String run(String script) {
        try {
            String line = Base64.getEncoder().encodeToString(script.getBytes(UTF_8)) + "\n";
            serial.getOutputStream().write(line.getBytes(UTF_8));
            return answer();
        } catch (IOException e) {
            throw new UncheckedIOException(log(), e);
        }
    }

    private String answer() throws IOException {
        String output = upTo(0);
        int exitCode = Integer.parseInt(upTo('\n'));
        if (exitCode != 0) {
            throw new AssertionError("exit code %d%n%s".formatted(exitCode, output));
        }
        return output;
    }

    private String upTo(int end) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int b = said.read(); b != end; b = said.read()) {
            if (b < 0) {
                throw new IOException("the machine is gone");
            }
            bytes.write(b);
        }
        return bytes.toString(UTF_8);
    }

    /** What QEMU and the kernel printed so far. */
    public String log() {
        try {
            String console =
                    Files.exists(directory.resolve("console"))
                            ? Files.readString(directory.resolve("console"), UTF_8)
                            : "";
            return Files.readString(directory.resolve("log"), UTF_8) + console;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends the machine. Idempotent. */
    @Override
    public void close() {
        qemu.close();
        try {
            serial.close();
            Files.deleteIfExists(directory.resolve("log"));
            Files.deleteIfExists(directory.resolve("console"));
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The directory with kernel and shell, which is made where it is not yet there. */
    private static Path image() {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve(MAKES_IMAGE))) {
            root = root.getParent();
            if (root == null) {
                throw new IllegalStateException("not run inside the repository");
            }
        }
        Path image = root.resolve("target/lio");
        String program = root.resolve(MAKES_IMAGE).toString();
        Tools.Ended ended = Tools.tryRun(Map.of(), IMAGE_WITHIN, program, image.toString());
        if (ended.exitCode() != 0) {
            Tools.skip("no Linux with LIO: " + ended.output());
        }
        return image;
    }
}
