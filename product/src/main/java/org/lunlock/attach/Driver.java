// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * What can mount a file system on this machine: the kernel, as it is or with a module that it has
 * not loaded yet, or a program called mount.TYPE.
 */
final class Driver {
    private static final Path FILE_SYSTEMS = Path.of("/proc/filesystems");
    private static final Duration LOOK_TIMEOUT = Duration.ofSeconds(10);

    private final Tools tools;
    private final Path fileSystems;

    Driver(Tools tools) {
        this(tools, FILE_SYSTEMS);
    }

    /**
     * @param fileSystems the kernel's list of those that it has now
     */
    Driver(Tools tools, Path fileSystems) {
        this.tools = tools;
        this.fileSystems = fileSystems;
    }

    /**
     * The first of a format's types that can be mounted here, as after {@code mount -t}.
     *
     * @throws LunlockException (DATA) when there is none
     */
    String of(String volume, Format format) throws LunlockException {
        for (String type : format.mountTypes()) {
            if (isThere(type)) {
                return type;
            }
        }
        throw missing(volume, format.title());
    }

    /** Goes on when this type can be mounted here, as far as can be told. */
    void require(String volume, String type) throws LunlockException {
        if (!isThere(type)) {
            throw missing(volume, type);
        }
    }

    private static LunlockException missing(String volume, String title) {
        return new LunlockException(
                ExitCode.DATA,
                ("%s holds %s, which this machine cannot mount: install a driver for it, or use a"
                                + " machine that has one")
                        .formatted(volume, title));
    }

    private boolean isThere(String type) throws LunlockException {
        return isInKernel(type) || tools.has("mount." + type) || isModule(type);
    }

    /** Lines are {@code nodev<TAB>proc} or {@code <TAB>ext4}. */
    private boolean isInKernel(String type) {
        try {
            List<String> lines = Files.readAllLines(fileSystems);
            return lines.stream().anyMatch(line -> line.endsWith("\t" + type));
        } catch (IOException e) {
            return true; // then mount(8) will tell
        }
    }

    /** By the name under which the kernel itself would ask for it. */
    private boolean isModule(String type) throws LunlockException {
        return tools.has("modprobe")
                && tools.run(LOOK_TIMEOUT, "modprobe", "--dry-run", "--quiet", "fs-" + type).ok();
    }
}
