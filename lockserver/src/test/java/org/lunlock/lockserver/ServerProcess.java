// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.NullMarked;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Leash;
import org.lunlock.lockserver.store.StoreOptions;

/** A lock server in a process of its own, to be killed. */
@NullMarked
final class ServerProcess implements AutoCloseable {
    private static final int REQUESTS_PER_SECOND = 1_000_000;

    private final Path store;
    private int port; // 0 until the first one has chosen it
    private final List<String> options;
    private Leash process;

    private ServerProcess(Path store, List<String> options) throws IOException {
        this.store = store;
        this.options = options;
        this.process = launch();
    }

    /** The process itself: a store and a port. */
    public static void main(String[] words) throws Exception {
        ServerOptions options =
                new ServerOptions(
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), Integer.parseInt(words[1])),
                        new StoreOptions.Directory(Path.of(words[0])),
                        null,
                        REQUESTS_PER_SECOND);
        LockServer server = LockServer.start(options);
        Path address = Path.of(words[0], "address.new");
        Files.writeString(address, server.address());
        Files.move(address, Path.of(words[0], "address"), StandardCopyOption.ATOMIC_MOVE);
        throw server.failure().join();
    }

    static ServerProcess start(Path store, String... javaOptions) throws IOException {
        return new ServerProcess(store, List.of(javaOptions));
    }

    private Leash launch() throws IOException {
        Path address = store.resolve("address");
        Files.deleteIfExists(address);
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(options);
        command.addAll(
                List.of(
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx128m",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path")
                                .replace(
                                        File.pathSeparator + File.pathSeparator,
                                        File.pathSeparator),
                        ServerProcess.class.getName(),
                        store.toString(),
                        Integer.toString(port)));
        return Leash.start(Map.of(), store.resolve("log"), command.toArray(String[]::new));
    }

    Path store() {
        return store;
    }

    int port() {
        return port;
    }

    long pid() {
        return process.pid();
    }

    void awaitReady() throws IOException {
        Path address = store.resolve("address");
        Await.until(
                "the server answers",
                TestServer.WITHIN.multipliedBy(3),
                () -> {
                    if (!process.isAlive()) {
                        throw new AssertionError("the server ended: see " + store.resolve("log"));
                    }
                    return Files.exists(address);
                });
        port = URI.create(Files.readString(address)).getPort();
    }

    /** SIGKILL, and a new one on the same store and port. */
    void killAndStart() throws IOException {
        process.close();
        process = launch();
    }

    @Override
    public void close() {
        process.close();
    }
}
