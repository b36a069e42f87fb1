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
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.lunlock.iscsi.Portal;

/**
 * A Linux in a machine that QEMU emulates: it needs no rights and no hardware, changes nothing on
 * the machine that tests, and is gone with this JVM, as is the tap device that leads to it where
 * there are rights to make one. It boots in ten to twenty seconds, so a class of tests shares one.
 * The script {@code vm-image} makes it of Debian's packages.
 */
public final class Vm implements AutoCloseable {
    /** The machine that tests, as seen from inside. */
    public static final String HOST = "10.0.2.2";

    private static final String MAKES_IMAGE = "iscsi/src/test/sh/vm-image";
    private static final String BRINGS_UP_TAP = "iscsi/src/test/sh/vm-tap";

    /** The packages come from a Debian mirror the first time. */
    private static final Duration IMAGE_WITHIN = Duration.ofMinutes(5);

    /** Many times what it takes: others may want the processors, too. */
    private static final Duration BOOTED_WITHIN = Duration.ofMinutes(5);

    private static final Duration DONE_WITHIN = Duration.ofSeconds(30);

    private final Path directory;
    private final VmNetwork network;
    private final Leash qemu;
    private final Socket serial;
    private final InputStream said;

    /**
     * Boots one; skips the test where QEMU is not installed, or its packages cannot be had.
     *
     * @param recipe the directory in this repository that says what is in it, for {@code vm-image}
     * @param more QEMU's options for this one
     */
    public static Vm boot(String recipe, String... more) throws IOException {
        Tools.require("qemu-system-x86_64", "apt-get", "dpkg-deb", "cpio", "depmod");
        Path root = Repository.root();
        Path image = image(root, recipe);
        try (ServerSocket console = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            console.setSoTimeout((int) DONE_WITHIN.toMillis());
            return new Vm(image, root.resolve(BRINGS_UP_TAP), console, List.of(more));
        }
    }

    private Vm(Path image, Path tapScript, ServerSocket console, List<String> more)
            throws IOException {
        directory = Files.createTempDirectory("vm");
        network = VmNetwork.choose(tapScript, directory.resolve("tap"));
        List<String> command = new ArrayList<>(machine(image, console.getLocalPort()));
        command.addAll(more);
        qemu =
                Leash.start(
                        network.environment(),
                        directory.resolve("log"),
                        command.toArray(String[]::new));
        try {
            serial = console.accept();
            said = new BufferedInputStream(serial.getInputStream());
            serial.setSoTimeout((int) BOOTED_WITHIN.toMillis());
            answer();
            answer(network.setUp());
        } catch (IOException | AssertionError e) {
            String log = log();
            qemu.close();
            throw new IOException("the Linux of " + image + " did not boot:\n" + log, e);
        }
    }

    private List<String> machine(Path image, int console) {
        return List.of(
                "qemu-system-x86_64",
                "-accel",
                "tcg,thread=multi",
                "-cpu",
                "max",
                "-smp",
                "2",
                "-m",
                "768",
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
                "socket,id=scripts,host=127.0.0.1,port=" + console,
                "-serial",
                "chardev:scripts",
                "-netdev",
                network.netdev(),
                "-device",
                "virtio-net-pci,netdev=net,romfile=");
    }

    /**
     * Runs a shell script in the machine, as root, in half a minute.
     *
     * @return what it printed, both streams
     * @throws AssertionError with what it printed, when it failed
     */
    public String run(String script) {
        return run(script, DONE_WITHIN);
    }

    /** As {@link #run(String)}, for a script that takes its time. */
    public String run(String script, Duration limit) {
        try {
            serial.setSoTimeout((int) limit.toMillis()); // for each byte: it says all at the end
            return answer(script);
        } catch (IOException e) {
            throw new UncheckedIOException("%s%n%s".formatted(script, log()), e);
        }
    }

    private String answer(String script) throws IOException {
        String line = Base64.getEncoder().encodeToString(script.getBytes(UTF_8)) + "\n";
        serial.getOutputStream().write(line.getBytes(UTF_8));
        return answer();
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

    /** Where the server in the machine is reached from here, if it has one, on iSCSI's port. */
    public Portal portal() {
        return network.portal();
    }

    /** Where that server is seen from inside. */
    public Portal portalInside() {
        return network.portalInside();
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
            Files.deleteIfExists(directory.resolve("tap"));
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The directory with kernel and shell, which is made where it is not yet there. */
    private static Path image(Path root, String recipe) {
        Path image = root.resolve("target").resolve(Path.of(recipe).getFileName());
        Tools.Ended ended =
                Tools.tryRun(
                        Map.of(),
                        IMAGE_WITHIN,
                        root.resolve(MAKES_IMAGE).toString(),
                        root.resolve(recipe).toString(),
                        image.toString());
        if (ended.exitCode() != 0) {
            Tools.skip("no Linux of %s: %s".formatted(recipe, ended.output()));
        }
        return image;
    }
}
