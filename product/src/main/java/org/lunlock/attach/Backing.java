// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;

/** What serves a block device to this machine's kernel, and becomes a device of it. Any thread. */
sealed interface Backing extends AutoCloseable permits FuseBacking, NbdBacking {

    /** Begins to serve. */
    static Backing open(AttachSpec spec, BlockDevice device, Tools tools) throws LunlockException {
        return switch (spec.method()) {
            case ANY ->
                    Files.exists(Path.of("/dev/fuse"))
                            ? FuseBacking.open(spec, device, tools)
                            : NbdBacking.open(spec, device, tools);
            case FUSE -> FuseBacking.open(spec, device, tools);
            case NBD -> NbdBacking.open(spec, device, tools);
        };
    }

    /** Makes the device; called once. */
    LocalDevice attach() throws LunlockException;

    /** What there is by now, also when {@link #attach} failed half-way. */
    List<LocalDevice> devices() throws IOException;

    /** Makes all I/O fail, at once and for good; the device stays until it is detached. */
    void abort();

    /** Ends serving, in bounded time. Idempotent. */
    @Override
    void close();
}
