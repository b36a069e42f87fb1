// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.fuse.FuseExport;
import org.lunlock.posix.MountTable;

/** {@code RUNTIME/fuse/VOLUME/disk}, a file of FUSE, and a loop device that is made of it. */
final class FuseBacking implements Backing {
    private final FuseExport export;
    private final BlockDevice device;
    private final Tools tools;

    private FuseBacking(FuseExport export, BlockDevice device, Tools tools) {
        this.export = export;
        this.device = device;
        this.tools = tools;
    }

    static FuseBacking open(AttachSpec spec, BlockDevice device, Tools tools)
            throws LunlockException {
        Path directory = createDirectory(spec);
        return new FuseBacking(new FuseExport(directory, spec.volume(), device), device, tools);
    }

    private static Path createDirectory(AttachSpec spec) throws LunlockException {
        Path directory = spec.exportDirectory();
        try {
            if (MountTable.read().at(directory).isPresent()) {
                throw new LunlockException(
                        ExitCode.CONFIGURATION,
                        "%s is attached already, on %s: by another daemon of this home?"
                                .formatted(spec.volume(), directory));
            }
            return Files.createDirectories(directory);
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the directory for the device file cannot be created: " + e.getMessage(),
                    e);
        }
    }

    @Override
    public LocalDevice attach() throws LunlockException {
        return LoopDevice.attach(tools, export.file(), device.blockBytes(), device.readOnly());
    }

    /** Looked up rather than remembered: losetup may have made one and not lived to say so. */
    @Override
    public List<LocalDevice> devices() throws IOException {
        return LoopDevice.all(tools).stream()
                .filter(made -> made.file().equals(export.file().toString()))
                .map(LocalDevice.class::cast)
                .toList();
    }

    @Override
    public void abort() {
        export.abort();
    }

    @Override
    public void close() {
        export.close();
    }
}
