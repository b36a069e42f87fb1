// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Version;
import org.lunlock.daemon.api.Wire;
import org.lunlock.posix.ProcessControl;
import org.lunlock.posix.SignalRelay;
import org.lunlock.posix.Signals;
import org.lunlock.volume.Recording;
import org.lunlock.volume.Volumes;

/** The daemon's life: one process for each home, from its lock file to its graceful end. */
public final class DaemonMain {
    private static final System.Logger LOG = System.getLogger(DaemonMain.class.getPackageName());

    /**
     * For a graceful end after SIGTERM, shorter than service managers wait (systemd: 90 s).
     * Commands take half of it at most, unmounting and flushing the rest.
     */
    private static final Duration END_WITHIN = Duration.ofSeconds(60);

    private static final Path OOM_SCORE = Path.of("/proc/self/oom_score_adj");

    /** Nearly never killed for want of memory: everything else on this machine comes first. */
    private static final String OOM_SCORE_LOW = "-900";

    private final Home home;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final AtomicBoolean ending = new AtomicBoolean();

    private DaemonMain(Home home) {
        this.home = home;
    }

    /** How a daemon is started. */
    public enum Manner {
        /** By a person or a service manager: logs to standard error too. */
        FOREGROUND,
        /** By a command that needs it: belongs to no terminal. */
        DETACHED
    }

    /**
     * Serves until it is told to stop, by a request or a signal.
     *
     * @param trace where to record what is said to targets; null for not at all
     * @throws LunlockException HELD when this home has a daemon already, else why it cannot start
     */
    public static void run(
            Home home, Manner manner, boolean verbose, @Nullable Path trace, Volumes.Opener opener)
            throws LunlockException {
        home.makeDirectories();
        try (FileChannel _ = lock(home);
                Recording _ = Recording.start(trace)) {
            DaemonLog.install(home.logFile(), manner == Manner.FOREGROUND, verbose);
            protect();
            new DaemonMain(home).serve(opener);
        } catch (IOException e) {
            throw new LunlockException(
                    ExitCode.CONFIGURATION,
                    "the daemon cannot use its files (%s): %s"
                            .formatted(home.stateDirectory(), e.getMessage()),
                    e);
        }
    }

    private static FileChannel lock(Home home) throws IOException, LunlockException {
        FileChannel file =
                FileChannel.open(
                        home.daemonLock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        if (file.tryLock() == null) {
            file.close();
            throw new LunlockException(
                    ExitCode.HELD,
                    "a daemon runs already for this home (%s): see lunlock daemon status"
                            .formatted(home.daemonLock()));
        }
        return file;
    }

    /** Asks the kernel not to make it wait for memory that its own volumes would free. */
    private static void protect() {
        try {
            ProcessControl.becomeIoFlusher();
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "not an I/O flusher: " + e.getMessage());
        }
        try {
            Files.writeString(OOM_SCORE, OOM_SCORE_LOW, StandardOpenOption.WRITE);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "not protected from running out of memory: " + e.getMessage());
        }
    }

    private void serve(Volumes.Opener opener) throws LunlockException, IOException {
        Result.DaemonReport self =
                new Result.DaemonReport(
                        Version.CURRENT,
                        Wire.API,
                        ProcessHandle.current().pid(),
                        Instant.now(),
                        home.configFile().toString(),
                        home.socket().toString(),
                        home.logFile().toString());
        LOG.log(Level.INFO, "lunlock %s starts (pid %d)".formatted(self.version(), self.pid()));
        try (Volumes volumes = opener.open(home)) {
            Service service = new Service(volumes, new HostVolumes(volumes, volumes.host()), self);
            try (DaemonServer _ = DaemonServer.open(home.socket(), service, stopped::countDown)) {
                SignalRelay.relay("TERM", Signals.TERM, _ -> endSoon(service));
                SignalRelay.relay("INT", Signals.INT, _ -> endSoon(service));
                SignalRelay.relay("HUP", Signals.HUP, _ -> endSoon(service));
                LOG.log(Level.INFO, "serves " + home.socket());
                stopped.await();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts the main thread", e);
        }
        ended.countDown();
        LOG.log(Level.INFO, "ends: nothing is held");
    }

    /** Gives everything back and lets the main thread go on; ends the process if that hangs. */
    private void endSoon(Service service) {
        if (!ending.compareAndSet(false, true)) {
            return;
        }
        LOG.log(Level.INFO, "is told to end");
        Thread.ofVirtual()
                .start(() -> {
                    stop(service);
                    stopped.countDown();
                });
        Thread.ofPlatform().daemon().name("end").start(this::endAnyhow);
    }

    private void endAnyhow() {
        try {
            if (!ended.await(END_WITHIN.toNanos(), TimeUnit.NANOSECONDS)) {
                LOG.log(Level.ERROR, "ends with volumes still held: the next start clears them");
                Runtime.getRuntime().halt(ExitCode.INTERNAL.code());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void stop(Service service) {
        try {
            service.stop(true);
        } catch (LunlockException e) {
            LOG.log(Level.WARNING, "not everything ended well: " + e.getMessage());
        }
    }
}
