// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** A block device of this machine that was made for a volume. */
sealed interface LocalDevice permits LoopDevice, NbdDevice {
    Path SYS_BLOCK = Path.of("/sys/block");

    /** Writing back what is in the page cache of the device may take as long as a network does. */
    Duration FLUSH_TIMEOUT = Duration.ofMinutes(10);

    /** {@code /dev/NAME}. */
    Path device();

    /** What the kernel shows of it. */
    default Path sys() {
        return SYS_BLOCK.resolve(device().getFileName());
    }

    /** Major and minor number, as mount tables have them, e.g. {@code 7:3}. */
    default String number() throws IOException {
        return Files.readString(sys().resolve("dev")).strip();
    }

    Tools tools();

    /**
     * Writes back what applications wrote to the device, and returns when it is on stable storage.
     *
     * @throws LunlockException when some of it was not, now or since the last flush
     */
    default void flush() throws LunlockException {
        // sync(1) of a file is fsync(2), which reports what failed; blockdev --flushbufs does not
        ExecResult result = tools().run(FLUSH_TIMEOUT, "sync", device().toString());
        if (!result.ok()) {
            throw new LunlockException(
                    ExitCode.IO,
                    "writing back %s failed (%s): what was written to it last is lost"
                            .formatted(device(), result.complaint()));
        }
    }

    /**
     * Takes the device away, and waits until nothing of it is left.
     *
     * @throws LunlockException when it is still in use after the patience, and by whom
     */
    void detach(Duration patience) throws LunlockException;

    /**
     * The same for a device whose I/O fails by now, whoever uses it.
     *
     * @throws LunlockException when something of it stays until its users end
     */
    void detachForced(Duration patience) throws LunlockException;
}
