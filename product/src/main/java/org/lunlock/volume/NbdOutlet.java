// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.daemon.api.NbdSpec;
import org.lunlock.export.nbd.NbdAddress;
import org.lunlock.export.nbd.NbdExport;
import org.lunlock.export.stream.Tls;

/** A volume for clients of NBD. Closing it takes it from them, and is never refused. */
final class NbdOutlet implements Outlet {
    private final String volume;
    private final BlockDevice device;
    private final NbdExport export;
    private volatile boolean open = true;

    private NbdOutlet(String volume, BlockDevice device, NbdExport export) {
        this.volume = volume;
        this.device = device;
        this.export = export;
    }

    static NbdOutlet open(String volume, BlockDevice device, NbdSpec spec) throws LunlockException {
        NbdAddress address = NbdAddress.parse(spec.address());
        return new NbdOutlet(volume, device, new NbdExport(address, volume, device, tls(spec)));
    }

    private static @Nullable Tls tls(NbdSpec spec) throws LunlockException {
        String certificate = spec.certificate();
        String key = spec.key();
        String authority = spec.clientAuthority();
        if (certificate == null || key == null) {
            return null;
        }
        return Tls.of(
                Path.of(certificate), Path.of(key), authority == null ? null : Path.of(authority));
    }

    @Override
    public String device() {
        return export.uri();
    }

    @Override
    public @Nullable Path mountPoint() {
        return null;
    }

    @Override
    public void abort() {
        export.abort();
    }

    @Override
    public boolean isOpen() {
        return open;
    }

    @Override
    public void close() throws LunlockException {
        if (!open) {
            return;
        }
        export.close();
        open = false;
        if (device.readOnly()) {
            return;
        }
        try {
            device.flush();
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s: the last flush failed: %s".formatted(volume, e.getMessage()),
                    e);
        }
    }

    @Override
    public List<String> closeForced() {
        export.close();
        open = false;
        return List.of();
    }
}
