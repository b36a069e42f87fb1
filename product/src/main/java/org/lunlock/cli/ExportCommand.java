// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.ExportSpec;
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
            "Prints where clients find it. --nbd is for virtual machines, qemu-img and nbdcopy;"
                    + " without --tls-cert it can be reached from this machine only. --nfs is for"
                    + " programs on this machine: the URL holds a secret, and changes every time."
                    + " When the lock is lost, clients are cut off and the exit code is 79.",
        })
final class ExportCommand implements Callable<Integer> {
    private static final String UNIX = "unix:";

    private final Globals globals;

    @Parameters(paramLabel = "VOLUME", description = "The volume.")
    private String volume = "";

    @ArgGroup(multiplicity = "1")
    private Kind kind = new Kind();

    /** One or the other. */
    private static final class Kind {
        @Option(
                names = "--nbd",
                required = true,
                paramLabel = "ADDRESS",
                description = "Listen on unix:PATH or HOST:PORT; port 0 takes a free one.")
        private @Nullable String address;

        @Option(
                names = "--nfs",
                required = true,
                description = "Be an NFS server with one file, for this machine alone.")
        private boolean nfs;
    }

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
                                volume,
                                options.readOnly(),
                                options.waitMillis(),
                                asker,
                                options.choice(),
                                spec()))
                .run();
    }

    /** The daemon is in another directory. */
    private ExportSpec spec() throws LunlockException {
        String address = kind.address;
        if (kind.nfs || address == null) {
            if (tls != null) {
                throw new LunlockException(
                        ExitCode.USAGE, "there is no TLS with --nfs (export): use --nbd");
            }
            return new ExportSpec.Nfs();
        }
        String absolute =
                address.startsWith(UNIX)
                        ? UNIX + Path.of(address.substring(UNIX.length())).toAbsolutePath()
                        : address;
        if (tls == null) {
            return new ExportSpec.Nbd(absolute, null, null, null);
        }
        Path authority = tls.authority;
        return new ExportSpec.Nbd(
                absolute,
                tls.certificate.toAbsolutePath().toString(),
                tls.key.toAbsolutePath().toString(),
                authority == null ? null : authority.toAbsolutePath().toString());
    }
}
