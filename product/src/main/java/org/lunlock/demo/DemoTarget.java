// SPDX-License-Identifier: Apache-2.0
package org.lunlock.demo;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.LockSupport;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** A tgtd of its own, on a free port of the loopback interface, with one sparse disk and CHAP. */
final class DemoTarget implements AutoCloseable {
    static final String NAME = "iqn.2026-11.org.lunlock.demo:disk";
    static final int LUN = 1;
    private static final long DISK_BYTES = 512L << 20;
    private static final Duration STARTS_WITHIN = Duration.ofSeconds(10);
    private static final Duration STEP = Duration.ofSeconds(10);

    private final Path directory;
    private final Map<String, String> environment;
    private final int port;
    private final String control;
    private final Program daemon;

    private DemoTarget(Path directory, int port) throws LunlockException {
        this.directory = directory;
        this.port = port;
        this.environment = Map.of("TGT_IPC_SOCKET", directory.resolve("tgtd").toString());
        // tgtd and tgtadm find each other by this number, 0..32767, besides the socket's name
        this.control = Integer.toString(ThreadLocalRandom.current().nextInt(100, 32767));
        this.daemon =
                Program.start(
                        directory,
                        environment,
                        List.of(
                                "tgtd",
                                "-f",
                                "-C",
                                control,
                                "--iscsi",
                                "portal=127.0.0.1:" + port));
    }

    static DemoTarget start(Path directory, String user, String secret) throws LunlockException {
        DemoTarget target = new DemoTarget(directory, freePort());
        boolean ready = false;
        try {
            target.awaitReady();
            target.configure(user, secret);
            ready = true;
            return target;
        } finally {
            if (!ready) {
                target.close();
            }
        }
    }

    private static int freePort() throws LunlockException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        } catch (IOException e) {
            throw new LunlockException(ExitCode.IO, "no free port on the loopback interface", e);
        }
    }

    private void awaitReady() throws LunlockException {
        long deadline = System.nanoTime() + STARTS_WITHIN.toNanos();
        while (System.nanoTime() - deadline < 0 && daemon.isRunning()) {
            if (tgtadm("--mode", "sys", "--op", "show").await(STEP) == 0) {
                return;
            }
            LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
        }
        throw new LunlockException(
                ExitCode.IO,
                "tgtd did not start: " + daemon.output().strip().lines().limit(3).toList());
    }

    private void configure(String user, String secret) throws LunlockException {
        Path disk = directory.resolve("disk.img");
        try (RandomAccessFile image = new RandomAccessFile(disk.toFile(), "rw")) {
            image.setLength(DISK_BYTES);
        } catch (IOException e) {
            throw new LunlockException(ExitCode.IO, "cannot make a disk image in " + directory, e);
        }
        succeed("--mode", "target", "--op", "new", "--tid", "1", "-T", NAME);
        succeed(
                "--mode",
                "logicalunit",
                "--op",
                "new",
                "--tid",
                "1",
                "--lun",
                "" + LUN,
                "-b",
                disk.toString());
        succeed("--mode", "account", "--op", "new", "--user", user, "--password", secret);
        succeed("--mode", "account", "--op", "bind", "--tid", "1", "--user", user);
        succeed("--mode", "target", "--op", "bind", "--tid", "1", "-I", "ALL");
    }

    private void succeed(String... arguments) throws LunlockException {
        tgtadm(arguments).succeed(STEP);
    }

    private Program tgtadm(String... arguments) throws LunlockException {
        List<String> command = new ArrayList<>(List.of("tgtadm", "-C", control, "--lld", "iscsi"));
        command.addAll(List.of(arguments));
        return Program.start(directory, environment, command);
    }

    String url() {
        return "iscsi://127.0.0.1:%d/%s/%d".formatted(port, NAME, LUN);
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        daemon.kill();
    }
}
