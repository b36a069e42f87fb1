// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.NbdSpec;
import org.lunlock.daemon.api.Request;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code export}. */
@Command(
        name = "export",
        header = "Take a volume's lock and serve it to other programs until Ctrl-C.",
        description = {
            "Prints the URI for clients of NBD: virtual machines, qemu-img, nbdcopy. Without"
                    + " --tls-cert it can be reached from this machine only. When the lock is lost,"
                    + " clients are cut off and the exit code is 79.",
        })
final class ExportCommand implements Callable<Integer> {
    private static final String UNIX = "unix:";

    private final Globals globals;

    @Parameters(paramLabel = "VOLUME", description = "The volume.")
    private String volume = "";

    @Option(
            names = "--nbd",
            required = true,
            paramLabel = "ADDRESS",
            description = "Listen on unix:PATH or HOST:PORT; port 0 takes a free one.")
    private String address = "";

    @ArgGroup(exclusive = false)
    private @Nullable TlsFiles tls;

    @Mixin private final AcquireOptions options = new AcquireOptions();

    /** Who serves and who is served. */
    private static final class TlsFiles {
        @Option(
                names = "--tls-cert",
                required = true,
                paramLabel = "FILE",
                description = "The server's certificate and those above it, in PEM.")
        private Path certificate = Path.of("");

        @Option(
                names = "--tls-key",
                required = true,
                paramLabel = "FILE",
                description = "Its private key, in PEM (PKCS #8).")
        private Path key = Path.of("");

        @Option(
                names = "--tls-ca",
                paramLabel = "FILE",
                description = "Serve only clients with a certificate that one of these has signed.")
        private @Nullable Path authority;
    }

    ExportCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException, ExitStatusException {
        Asker asker = new Asker(ProcessHandle.current().pid(), null);
        return new ExportSession(
                        globals,
                        new Request.Export(
                                volume, options.readOnly(), options.waitMillis(), asker, spec()))
                .run();
    }

    /** The daemon is in another directory. */
    private NbdSpec spec() {
        String absolute =
                address.startsWith(UNIX)
                        ? UNIX + Path.of(address.substring(UNIX.length())).toAbsolutePath()
                        : address;
        if (tls == null) {
            return new NbdSpec(absolute, null, null, null);
        }
        Path authority = tls.authority;
        return new NbdSpec(
                absolute,
                tls.certificate.toAbsolutePath().toString(),
                tls.key.toAbsolutePath().toString(),
                authority == null ? null : authority.toAbsolutePath().toString());
    }
}
