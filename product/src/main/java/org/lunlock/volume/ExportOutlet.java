// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.block.BlockDevice;
import org.lunlock.daemon.api.ExportSpec;
import org.lunlock.export.nbd.NbdAddress;
import org.lunlock.export.nbd.NbdExport;
import org.lunlock.export.nfs.NfsExport;
import org.lunlock.export.stream.Tls;

/** A volume for clients of an export. Closing it takes it from them, and is never refused. */
final class ExportOutlet implements Outlet {
    private final String volume;
    private final BlockDevice device;
    private final String uri;
    private final Runnable abort;
    private final Runnable close;
    private volatile boolean open = true;

    private ExportOutlet(
            String volume, BlockDevice device, String uri, Runnable abort, Runnable close) {
        this.volume = volume;
        this.device = device;
        this.uri = uri;
        this.abort = abort;
        this.close = close;
    }

    /**
     * Begins to serve.
     *
     * @param losses grows when what was written and not flushed may be gone
     */
    static ExportOutlet open(
            String volume, BlockDevice device, ExportSpec spec, LongSupplier losses)
            throws LunlockException {
        return switch (spec) {
            case ExportSpec.Nbd nbd -> {
                NbdAddress address = NbdAddress.parse(nbd.address());
                NbdExport export = new NbdExport(address, volume, device, tls(nbd));
                yield new ExportOutlet(volume, device, export.uri(), export::abort, export::close);
            }
            case ExportSpec.Nfs _ -> {
                NfsExport export = new NfsExport(volume, device, losses);
                yield new ExportOutlet(volume, device, export.url(), export::abort, export::close);
            }
        };
    }

    private static @Nullable Tls tls(ExportSpec.Nbd spec) throws LunlockException {
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
        return uri;
    }

    @Override
    public @Nullable Path mountPoint() {
        return null;
    }

    @Override
    public void abort() {
        abort.run();
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
        close.run();
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
        close.run();
        open = false;
        return List.of();
    }
}
