// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Leash;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.sqlite.SqliteTokens;

/** A lock server as a process on a machine of the network, whose disk is small. */
final class ChaosServer implements AutoCloseable {
    private static final Duration READY_WITHIN = Duration.ofSeconds(60);
    private static final int PORT = 7890;

    private final List<String> launcher;
    private final String address;
    private final Path directory;
    private final Path disk;
    private final String bearer;
    private Leash process;

    ChaosServer(Network network, String machine, Path directory) throws Exception {
        this.launcher = network.on(machine);
        this.address = network.address(machine);
        this.directory = Files.createDirectory(directory.resolve(machine));
        this.disk = Files.createDirectory(this.directory.resolve("disk"));
        Tools.run("mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", disk.toString());
        try (SqliteTokens tokens = SqliteTokens.open(store())) {
            List<Allowance> all = List.of(new Allowance(Right.FORCE, "*"));
            bearer = tokens.add("hosts", all, Instant.EPOCH);
        }
        process = launch();
    }

    private Leash launch() throws IOException {
        Path log = directory.resolve("log");
        Files.deleteIfExists(log);
        List<String> command = new ArrayList<>(launcher);
        command.addAll(
                List.of(
                        TestHost.LAUNCHER.toString(),
                        "--home",
                        directory.toString(),
                        "lockserver",
                        "--no-tls",
                        "--listen",
                        address + ":" + PORT,
                        "--store",
                        store().toString()));
        Leash started = Leash.start(Map.of(), log, command.toArray(String[]::new));
        Await.until(
                "the lock server is ready",
                READY_WITHIN,
                () -> {
                    if (!started.isAlive()) {
                        throw new AssertionError("the lock server does not start: " + log(log));
                    }
                    return log(log).contains("lock server: ");
                });
        return started;
    }

    private static String log(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            return "";
        }
    }

    Path store() {
        return disk.resolve("store");
    }

    String url() {
        return "http://" + address + ":" + PORT;
    }

    String bearer() {
        return bearer;
    }

    void kill() {
        process.close();
    }

    /** Goes on where it does not run any more. */
    void restore() throws IOException {
        Files.deleteIfExists(filler());
        if (!process.isAlive()) {
            process = launch();
        }
    }

    void pause() {
        process.pause();
    }

    void resume() {
        process.resume();
    }

    private Path filler() {
        return disk.resolve("filler");
    }

    /** Until {@link #restore}. */
    void fillDisk() {
        byte[] zeros = new byte[4096];
        try (OutputStream out = Files.newOutputStream(filler())) {
            while (true) {
                out.write(zeros);
            }
        } catch (IOException e) {
            // it is full
        }
    }

    @Override
    public void close() {
        process.close();
        Tools.run("umount", disk.toString());
    }
}
