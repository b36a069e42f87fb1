// SPDX-License-Identifier: Apache-2.0
package org.lunlock.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * Two hosts take turns on one volume, one of them is killed in the middle, and nothing is lost. The
 * story is told on a {@link Timeline}; everything it made is gone afterwards.
 */
public final class Demo implements AutoCloseable {
    private static final Duration TERM = Duration.ofSeconds(6);
    private static final Duration TAKEOVER_WITHIN = TERM.plusSeconds(5);
    private static final Duration STEP = Duration.ofSeconds(60);
    private static final Duration GLANCE = Duration.ofMillis(5);
    private static final String USER = "demo";
    private static final String SCRIPT_SUFFIX = " && sha256sum --quiet -c ";

    private final Timeline timeline;
    private final List<String> lunlock;
    private final Path directory;
    private @Nullable DemoTarget target;
    private @Nullable DemoHost a;
    private @Nullable DemoHost b;
    private int failed;
    private boolean told;

    private Demo(Timeline timeline, List<String> lunlock) throws LunlockException {
        this.timeline = timeline;
        this.lunlock = lunlock;
        try {
            this.directory = Files.createTempDirectory("lunlock-demo-");
        } catch (IOException e) {
            throw new LunlockException(ExitCode.IO, "no temporary directory: " + e.getMessage(), e);
        }
    }

    /**
     * Tells the whole story.
     *
     * @param launcher how the command line is started
     * @return whether everything held that had to
     */
    public static boolean run(boolean styled, Path launcher) throws LunlockException {
        Timeline timeline = new Timeline(System.out, styled);
        Prerequisites.provide(launcher);
        try (Demo demo = new Demo(timeline, List.of(launcher.toString()))) {
            // Ctrl-C must leave nothing either
            Thread atExit = new Thread(demo::cleanUp, "demo-clean-up");
            Runtime.getRuntime().addShutdownHook(atExit);
            demo.tell();
            demo.told = true;
            Runtime.getRuntime().removeShutdownHook(atExit);
            return demo.failed == 0;
        }
    }

    private void tell() throws LunlockException {
        timeline.chapter("One target, two hosts");
        String secret = HexFormat.of().formatHex(SecureRandom.getSeed(8));
        DemoTarget disk = DemoTarget.start(directory, USER, secret);
        target = disk;
        timeline.event("tgtd serves a 512 MiB disk on 127.0.0.1:" + disk.port() + ", with CHAP");
        DemoHost hostA = host("A", disk, secret);
        a = hostA;
        DemoHost hostB = host("B", disk, secret);
        b = hostB;
        SourceTree tree = SourceTree.make(directory);
        timeline.event(
                "a tree of %d files, %d MiB, is to be backed up by both"
                        .formatted(tree.files(), tree.bytes() >> 20));
        hostA.run(List.of("--no-mount"), "mkfs.ext4", "-q", "{device}").succeed(STEP);
        timeline.event(
                "host A made a file system: lunlock run --no-mount backup -- mkfs.ext4 {device}");

        takeTurns(hostA, hostB, tree);
        takeOver(hostA, hostB, tree);
        check(hostA, tree);
    }

    private DemoHost host(String name, DemoTarget disk, String secret) throws LunlockException {
        DemoHost host = new DemoHost(name, directory, lunlock);
        host.configure(disk, USER, secret, TERM);
        return host;
    }

    private void takeTurns(DemoHost hostA, DemoHost hostB, SourceTree tree)
            throws LunlockException {
        timeline.chapter("Both run rsync at the same time");
        Program first = rsync(hostA, tree, "from-a", List.of());
        Program second = rsync(hostB, tree, "from-b", List.of());
        boolean twice = false;
        boolean toldA = false;
        boolean toldB = false;
        while (first.isRunning() || second.isRunning()) {
            twice |= hostA.isMounted() && hostB.isMounted();
            toldA = toldA || tellHolding(hostA, first);
            toldB = toldB || tellHolding(hostB, second);
            LockSupport.parkNanos(GLANCE.toNanos());
        }
        first.succeed(STEP);
        second.succeed(STEP);
        verdict(!twice, "both rsyncs ended with 0, and the volume was never mounted twice");
    }

    private boolean tellHolding(DemoHost host, Program run) throws LunlockException {
        boolean holds = run.said(DemoHost.ACQUIRED);
        if (holds) {
            boolean waited = run.said(DemoHost.WAITING);
            timeline.event(
                    "host %s has the volume mounted%s"
                            .formatted(host.name(), waited ? ", having waited for the other" : ""));
        }
        return holds;
    }

    private void takeOver(DemoHost hostA, DemoHost hostB, SourceTree tree) throws LunlockException {
        timeline.chapter("The holder dies in the middle of an rsync");
        Program doomed = rsync(hostA, tree, "killed", List.of("--bwlimit=500"));
        doomed.awaitSaid(DemoHost.ACQUIRED, STEP);
        timeline.event("host A copies, slowly, to make sure that there is a middle");
        Program heir = rsync(hostB, tree, "from-b-again", List.of());
        heir.awaitSaid(DemoHost.WAITING, STEP);
        timeline.event("host B waits");
        Long pid = hostA.daemonPid();
        if (pid == null) {
            throw new LunlockException(ExitCode.INTERNAL, "host A has no daemon: this is a bug");
        }
        ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        long killed = System.nanoTime();
        timeline.event("SIGKILL for host A's daemon: it cannot give anything back");
        heir.awaitSaid(DemoHost.ACQUIRED, STEP);
        Duration took = Duration.ofNanos(System.nanoTime() - killed);
        verdict(
                took.compareTo(TAKEOVER_WITHIN) <= 0,
                "host B took over after %.1f s (the term is %d s)"
                        .formatted(took.toMillis() / 1000.0, TERM.toSeconds()));
        int status = doomed.await(STEP);
        verdict(
                status != 0,
                "host A's rsync was ended, lunlock says so with exit status " + status);
        heir.succeed(STEP);
        verdict(true, "host B's rsync ended with 0");
    }

    private void check(DemoHost host, SourceTree tree) throws LunlockException {
        timeline.chapter("Is everything there?");
        int fsck = host.run(List.of("--no-mount"), "e2fsck", "-fn", "{device}").await(STEP);
        verdict(fsck == 0, "e2fsck -fn finds " + (fsck == 0 ? "nothing wrong" : "errors"));
        for (String copy : List.of("from-a", "from-b", "from-b-again")) {
            String script =
                    "cd \"$LUNLOCK_MOUNTPOINT/" + copy + "\"" + SCRIPT_SUFFIX + tree.manifest();
            int status = host.run(List.of("--read-only"), "sh", "-c", script).await(STEP);
            verdict(
                    status == 0,
                    "%s: %s %d checksums"
                            .formatted(
                                    copy, status == 0 ? "equal, all" : "differs in", tree.files()));
        }
    }

    private Program rsync(DemoHost host, SourceTree tree, String to, List<String> options)
            throws LunlockException {
        List<String> command = new ArrayList<>(List.of("rsync", "-a"));
        command.addAll(options);
        command.addAll(List.of(tree.directory() + "/", "{}/" + to + "/"));
        return host.run(List.of(), command.toArray(String[]::new));
    }

    private void verdict(boolean held, String what) {
        if (held) {
            timeline.holds(what);
        } else {
            failed++;
            timeline.fails(what);
        }
    }

    @Override
    public void close() {
        cleanUp();
        if (told && failed == 0) {
            timeline.chapter(
                    "All of it held, in %d s. Nothing is left behind."
                            .formatted(timeline.elapsed().toSeconds()));
        } else if (told) {
            timeline.chapter(failed + " of the checks failed.");
        }
    }

    private synchronized void cleanUp() {
        for (DemoHost host : Stream.of(a, b).filter(Objects::nonNull).toList()) {
            try {
                host.stopDaemon();
            } catch (LunlockException e) {
                failed++;
                timeline.fails("host " + host.name() + " did not stop: " + e.getMessage());
            }
        }
        a = null;
        b = null;
        if (target != null) {
            target.close();
            target = null;
        }
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (NoSuchFileException e) {
            // cleaned up before
        } catch (IOException e) {
            failed++;
            timeline.fails("could not remove " + directory + ": " + e.getMessage());
        }
    }
}
