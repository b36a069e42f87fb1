// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.ServiceConfig;
import org.lunlock.daemon.api.Wire;
import org.lunlock.etcd.EtcdOptions;
import org.lunlock.lockserver.LockServer;
import org.lunlock.lockserver.ServerOptions;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.store.StoreOptions;
import org.lunlock.posix.SignalRelay;
import org.lunlock.posix.Signals;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** {@code lockserver}: until SIGTERM, in the foreground. */
@Command(
        name = "lockserver",
        header = "Serve locks with a queue, a history and a page to look at them.",
        description = "Hosts use it with service = \"http://HOST:PORT\" in lunlock.toml.")
final class LockServerCommand implements Callable<Integer> {
    private static final String LISTEN = "127.0.0.1:7890";
    private static final String LOG_LINE = "%1$tFT%1$tT.%1$tL%1$tz %4$s %5$s%6$s%n";

    private final Globals globals;

    @Option(
            names = "--listen",
            paramLabel = "HOST:PORT",
            description = "Where to serve (default: " + LISTEN + ").")
    private String listen = LISTEN;

    @Option(
            names = "--store",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "Where locks, history and tokens are kept (default: in the home).")
    private @Nullable Path store;

    @Option(
            names = "--etcd",
            paramLabel = "ADDRESS",
            scope = ScopeType.INHERIT,
            description =
                    "Keep all that in etcd instead, with any number of lock servers:"
                            + " etcd://HOST:PORT[,HOST:PORT]..., or etcds:// for TLS.")
    private @Nullable String etcd;

    @Option(
            names = "--etcd-user",
            paramLabel = "USER",
            scope = ScopeType.INHERIT,
            description = "Who logs in to etcd (default: nobody).")
    private @Nullable String etcdUser;

    @Option(
            names = "--etcd-password-file",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Where the user's password is, mode 0600.")
    private @Nullable Path etcdPassword;

    @Option(
            names = "--etcd-ca",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "Trust only an etcd with a certificate of these authorities, in PEM.")
    private @Nullable Path etcdAuthorities;

    @Option(names = "--tls-cert", paramLabel = "FILE", description = "Certificates, in PEM.")
    private @Nullable Path certificates;

    @Option(names = "--tls-key", paramLabel = "FILE", description = "Their key, PKCS #8 in PEM.")
    private @Nullable Path key;

    @Option(
            names = "--tls-client-ca",
            paramLabel = "FILE",
            description = "Serve only clients with a certificate of these authorities.")
    private @Nullable Path clientCa;

    @Option(
            names = "--no-tls",
            description = "Serve other machines in the clear: their tokens can be read on the way.")
    private boolean inTheClear;

    LockServerCommand(Globals globals) {
        this.globals = globals;
    }

    /** The directory or the etcd that was chosen, or the directory in the home. */
    StoreOptions store() throws LunlockException {
        Path chosen = store;
        String cluster = etcd;
        if (cluster == null) {
            if (etcdUser != null || etcdPassword != null || etcdAuthorities != null) {
                throw usage("options for etcd need --etcd");
            }
            return new StoreOptions.Directory(
                    chosen != null
                            ? chosen
                            : globals.home().stateDirectory().resolve("lockserver"));
        }
        if (chosen != null) {
            throw usage("with --etcd there is no --store: leave one of them out");
        }
        if ((etcdUser == null) != (etcdPassword == null)) {
            throw usage("--etcd-user and --etcd-password-file belong together");
        }
        try {
            return new StoreOptions.Etcd(
                    new ServiceConfig.Etcd(
                                    EtcdOptions.members(cluster),
                                    etcdUser,
                                    etcdPassword,
                                    etcdAuthorities)
                            .options());
        } catch (IllegalArgumentException e) {
            throw usage("'%s' is no address of etcd: %s".formatted(cluster, e.getMessage()));
        }
    }

    @Override
    public Integer call() throws LunlockException {
        ServerOptions options = options();
        logInLines();
        CompletableFuture<@Nullable StoreException> end = new CompletableFuture<>();
        SignalRelay.relay("TERM", Signals.TERM, _ -> end.complete(null));
        SignalRelay.relay("INT", Signals.INT, _ -> end.complete(null));
        try (LockServer server = LockServer.start(options)) {
            tell(server);
            var _ = server.failure().thenAccept(end::complete);
            StoreException failure = end.join();
            if (failure != null) {
                throw failure;
            }
            return ExitCode.OK.code();
        } catch (StoreException e) {
            throw failure(e);
        } catch (IOException e) {
            throw new LunlockException(ExitCode.CONFIGURATION, String.valueOf(e.getMessage()), e);
        }
    }

    private void tell(LockServer server) throws StoreException {
        Terminal output = Terminal.standardOutput(globals);
        output.line(
                globals.json()
                        ? Wire.json(Map.of("address", server.address()))
                        : "lock server: " + server.address());
        if (!server.hasTokens()) {
            Terminal.standardError(globals)
                    .line("nobody has a token yet: see 'lunlock lockserver token add --help'");
        }
    }

    private ServerOptions options() throws LunlockException {
        InetSocketAddress address = address();
        ServerOptions.Tls tls = null;
        if (certificates != null && key != null) {
            tls = new ServerOptions.Tls(certificates, key, clientCa);
        } else if (certificates != null || key != null || clientCa != null) {
            throw usage("TLS needs both --tls-cert and --tls-key");
        }
        if (tls == null && !inTheClear && !address.getAddress().isLoopbackAddress()) {
            throw usage(
                    "%s is open to other machines, who would send their tokens in the clear: add"
                                    .formatted(listen)
                            + " --tls-cert and --tls-key, or --no-tls");
        }
        return new ServerOptions(address, store(), tls, ServerOptions.REQUESTS_PER_SECOND);
    }

    private InetSocketAddress address() throws LunlockException {
        int colon = listen.lastIndexOf(':');
        try {
            String host = listen.substring(0, Math.max(colon, 0)).replaceAll("[\\[\\]]", "");
            int port = Integer.parseInt(listen.substring(colon + 1));
            InetSocketAddress address = new InetSocketAddress(host, port);
            if (!host.isEmpty() && !address.isUnresolved()) {
                return address;
            }
        } catch (IllegalArgumentException e) {
            // said below
        }
        throw usage("'%s' cannot be listened on: write --listen HOST:PORT".formatted(listen));
    }

    private static LunlockException usage(String message) {
        return new LunlockException(ExitCode.USAGE, message);
    }

    /** A server's log is read by a service manager: one line each, on standard error. */
    private static void logInLines() {
        System.setProperty("java.util.logging.SimpleFormatter.format", LOG_LINE);
        QUIET.setLevel(Level.WARNING);
    }

    /** Held, because a logger that nobody holds forgets its level. */
    private static final Logger QUIET = Logger.getLogger("org.eclipse.jetty");

    static LunlockException failure(StoreException e) {
        ExitCode code =
                switch (e.kind()) {
                    case DAMAGED -> ExitCode.DATA;
                    case BUSY -> ExitCode.CONFIGURATION;
                    case IO -> ExitCode.IO;
                    case WRONG -> ExitCode.USAGE;
                    case UNREACHABLE -> ExitCode.UNREACHABLE;
                    case REFUSED -> ExitCode.LOGIN;
                };
        return new LunlockException(code, String.valueOf(e.getMessage()), e);
    }
}
