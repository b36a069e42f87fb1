// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static java.lang.System.Logger.Level.WARNING;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.export.nbd.NbdAddress;
import org.lunlock.export.nbd.NbdExport;

/** {@code RUNTIME/nbd/VOLUME}, a socket, and an NBD device that the kernel has connected to it. */
final class NbdBacking implements Backing {
    private static final System.Logger LOG = System.getLogger(NbdBacking.class.getPackageName());

    private final AttachSpec spec;
    private final BlockDevice device;
    private final Tools tools;
    private final NbdExport export;
    private volatile @Nullable NbdDevice attached;

    private NbdBacking(AttachSpec spec, BlockDevice device, Tools tools, NbdExport export) {
        this.spec = spec;
        this.device = device;
        this.tools = tools;
        this.export = export;
    }

    static NbdBacking open(AttachSpec spec, BlockDevice device, Tools tools)
            throws LunlockException {
        NbdDevice.requireKernel(tools);
        Path socket = spec.nbdSocket();
        try {
            Files.createDirectories(AttachSpec.nbdSockets(spec.runtimeDirectory()));
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the directory for the socket cannot be created: " + e.getMessage(),
                    e);
        }
        return new NbdBacking(
                spec,
                device,
                tools,
                new NbdExport(new NbdAddress.Unix(socket), spec.volume(), device, null));
    }

    @Override
    public LocalDevice attach() throws LunlockException {
        NbdDevice made =
                NbdDevice.connect(
                        tools,
                        new NbdDevice.Wanted(
                                spec.nbdSocket(),
                                spec.volume(),
                                device.blockBytes(),
                                device.readOnly(),
                                spec.answersWithin()));
        attached = made;
        return made;
    }

    /** A device that was connected by a nbd-client that did not live to say so is not found. */
    @Override
    public List<LocalDevice> devices() {
        NbdDevice made = attached;
        return made == null ? List.of() : List.of(made);
    }

    /**
     * New requests fail as soon as the connection is closed; those under way would wait for its
     * time-out, and fail at once only when the device is disconnected.
     */
    @Override
    public void abort() {
        export.abort();
        NbdDevice made = attached;
        if (made != null) {
            Thread.ofPlatform() // whoever aborts must not wait for a program
                    .name("nbd-disconnect-" + spec.volume())
                    .daemon()
                    .start(() -> disconnect(made));
        }
    }

    private static void disconnect(NbdDevice device) {
        try {
            device.disconnect();
        } catch (LunlockException e) {
            LOG.log(WARNING, e.getMessage());
        }
    }

    @Override
    public void close() {
        export.close();
    }
}
