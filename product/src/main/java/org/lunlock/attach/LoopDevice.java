// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** A file as a block device of Linux: {@code /dev/loopN}. */
final class LoopDevice implements LocalDevice {
    private static final System.Logger LOG = System.getLogger(LoopDevice.class.getPackageName());

    private static final String DELETED = " (deleted)";

    private static final Duration COMMAND_TIMEOUT = Duration.ofSeconds(10);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    private final Tools tools;
    private final Path device;
    private final String file;

    /** One that exists. */
    LoopDevice(Tools tools, Path device, String file) {
        this.tools = tools;
        this.device = device;
        this.file = file;
    }

    /**
     * Makes a free loop device of the file. Its I/O bypasses the page cache of the file, so that
     * the data is kept once and a flush is a flush; partitions on it are not looked for.
     *
     * @param sectorBytes the logical block size of the device, 512 or 4096
     */
    static LoopDevice attach(Tools tools, Path file, int sectorBytes, boolean readOnly)
            throws LunlockException {
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of("--find", "--show", "--direct-io=on"));
        arguments.addAll(List.of("--sector-size", Integer.toString(sectorBytes)));
        if (readOnly) {
            arguments.add("--read-only");
        }
        arguments.add(file.toString());
        ExecResult result = tools.run(COMMAND_TIMEOUT, "losetup", arguments.toArray(String[]::new));
        String shown = result.out().strip();
        if (!result.ok() || !shown.startsWith("/dev/loop")) {
            throw new LunlockException(
                    ExitCode.IO,
                    "no loop device for %s (%s): see losetup --list"
                            .formatted(file, result.complaint()));
        }
        LoopDevice loop = new LoopDevice(tools, Path.of(shown), file.toString());
        if (!loop.attribute("dio").orElse("1").equals("1")) {
            LOG.log(WARNING, "{0} does no direct I/O: it works, but slower", shown);
        }
        return loop;
    }

    /** All loop devices of the machine that are in use now. */
    static List<LoopDevice> all(Tools tools) throws IOException {
        List<LoopDevice> loops = new ArrayList<>();
        try (var names = Files.newDirectoryStream(SYS_BLOCK, "loop*")) {
            for (Path name : names) {
                Path device = Path.of("/dev", name.getFileName().toString());
                backingFile(device)
                        .ifPresent(file -> loops.add(new LoopDevice(tools, device, file)));
            }
        }
        return loops;
    }

    @Override
    public Path device() {
        return device;
    }

    @Override
    public Tools tools() {
        return tools;
    }

    /** The path of the file it is made of, as the kernel has it. */
    String file() {
        return file;
    }

    /** What a loop device is made of, without the mark of a file that is gone; empty when free. */
    static Optional<String> backingFile(Path device) {
        return attribute(device, "backing_file")
                .map(name ->
                        name.endsWith(DELETED)
                                ? name.substring(0, name.length() - DELETED.length())
                                : name);
    }

    private Optional<String> attribute(String name) {
        return attribute(device, name);
    }

    private static Optional<String> attribute(Path device, String name) {
        Path file = SYS_BLOCK.resolve(device.getFileName()).resolve("loop").resolve(name);
        try {
            String text = Files.readString(file);
            return Optional.of(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text);
        } catch (IOException e) {
            return Optional.empty(); // there is no such directory for a loop device that is free
        }
    }

    /**
     * Frees the loop device, and waits until the kernel has: while somebody has it open, it only
     * notes that it is to be freed.
     *
     * @throws LunlockException when it is still in use after the patience
     */
    @Override
    public void detach(Duration patience) throws LunlockException {
        Deadline deadline = Deadline.in(patience);
        ExecResult result = tools.run(COMMAND_TIMEOUT, "losetup", "--detach", device.toString());
        while (attached()) {
            if (deadline.passed()) {
                throw new LunlockException(ExitCode.IO, stillAttached(result));
            }
            deadline.pause(LOOK_AGAIN);
        }
    }

    /** A loop device is never taken from whoever uses it; that its file fails is enough. */
    @Override
    public void detachForced(Duration patience) throws LunlockException {
        detach(patience);
    }

    /** Whether it is still made of our file; the number may be somebody else's by now. */
    boolean attached() {
        return backingFile(device).filter(this.file::equals).isPresent();
    }

    private String stillAttached(ExecResult result) {
        if (!result.ok()) {
            return "%s cannot be detached: %s".formatted(device, result.complaint());
        }
        List<String> users = BusyProcesses.of(device);
        return "%s is still in use%s: end what uses it, then try again"
                .formatted(device, users.isEmpty() ? "" : " by " + String.join(", ", users));
    }
}
