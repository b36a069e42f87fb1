// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;

/** A real iSNS server, isnsd of Open-iSNS, for one test alone; it shows everybody everything. */
public final class Isnsd implements AutoCloseable {
    private static final Duration READY_WITHIN = Duration.ofSeconds(20);
    private static final int DEV_ATTR_REG = 0x0001;
    private static final int SENT_BY_CLIENT = 0x8000;

    private final Path directory;
    private final Portal portal;
    private final Leash isnsd;

    /** Skips the test where isnsd is not installed. */
    public static Isnsd start() throws IOException {
        Tools.require("isnsd");
        return new Isnsd();
    }

    private Isnsd() throws IOException {
        directory = Files.createTempDirectory("isnsd");
        portal = new Portal("127.0.0.1", Ports.bindAny(port -> new ServerSocket(port).close()));
        Path configuration =
                Files.writeString(
                        directory.resolve("isnsd.conf"),
                        """
                        SourceName = iqn.2026-11.org.lunlock.test:isnsd
                        Database = %1$s/database
                        PIDFile = %1$s/pid
                        ControlSocket = %1$s/control
                        BindAddress = %2$s
                        DefaultDiscoveryDomain = 1
                        SLPRegister = 0
                        Security = 0
                        """
                                .formatted(directory, portal));
        Files.createDirectory(directory.resolve("database"));
        isnsd =
                Leash.start(
                        Map.of(),
                        directory.resolve("log"),
                        Tools.find("isnsd").orElseThrow().toString(),
                        "-f",
                        "-c",
                        configuration.toString());
        try {
            Await.until("isnsd listens", READY_WITHIN, this::listens);
        } catch (AssertionError e) {
            close();
            throw e;
        }
    }

    public Portal portal() {
        return portal;
    }

    /** As a target does that is reached at one portal, an IPv4 address: group tag 1. */
    public void register(IscsiName target, Portal at) throws IOException {
        IsnsBytes attributes =
                new IsnsBytes()
                        .text(32, target.value())
                        .delimiter()
                        .text(1, "entity of " + target.value())
                        .number(2, 2) // iSCSI
                        .address(16, at.host())
                        .number(17, at.port())
                        .text(32, target.value())
                        .number(33, 1); // a target
        int flags = SENT_BY_CLIENT | IsnsBytes.FIRST | IsnsBytes.LAST;
        try (Socket socket = new Socket(portal.host(), portal.port())) {
            socket.getOutputStream()
                    .write(IsnsBytes.pdu(DEV_ATTR_REG, flags, 1, 0, attributes.payload()));
            byte[] answer = socket.getInputStream().readNBytes(16);
            if (answer.length < 16 || answer[15] != 0) {
                throw new AssertionError("not registered: " + log());
            }
        }
    }

    private boolean listens() {
        try (Socket _ = new Socket(portal.host(), portal.port())) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private String log() throws IOException {
        return Files.readString(directory.resolve("log"));
    }

    @Override
    public void close() {
        isnsd.close();
        if (!Files.exists(directory)) {
            return;
        }
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
