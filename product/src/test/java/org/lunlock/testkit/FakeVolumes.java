// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Counters;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.LeaseStatus;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.volume.Held;
import org.lunlock.volume.Patience;
import org.lunlock.volume.Progress;
import org.lunlock.volume.VolumeRequest;
import org.lunlock.volume.Volumes;

/**
 * Volumes without a target: a lock is a file in a directory that all hosts share, a mount point is
 * a directory. Other files in it make things go wrong, also in a daemon that is another process:
 *
 * <ul>
 *   <li>{@code VOLUME.refused}: the login is refused
 *   <li>{@code VOLUME.busy}: a clean release is refused; the text says who uses it
 *   <li>{@code VOLUME.lost}: whoever holds it loses the lock
 *   <li>{@code VOLUME.dirty}: a release reports lost writes
 * </ul>
 */
public final class FakeVolumes implements Volumes {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    private final Path target;
    private final String host;
    private final Set<FakeHeld> holds = ConcurrentHashMap.newKeySet();
    private final List<String> log = new CopyOnWriteArrayList<>();
    private volatile boolean closed;

    /**
     * One host's volumes, {@code backup} and {@code photos}.
     *
     * @param target the directory that all hosts share
     */
    public FakeVolumes(Path target, String host) {
        this.target = target;
        this.host = host;
        Thread.ofVirtual().start(this::watchForLosses);
    }

    /** What was done, in order: {@code acquired backup}, {@code released backup CLEAN}. */
    public List<String> log() {
        return log;
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public Map<String, String> configured() {
        Map<String, String> urls = new LinkedHashMap<>();
        urls.put("backup", "iscsi://192.0.2.1:3260/iqn.2026-11.example:nas/1");
        urls.put("photos", "iscsi://192.0.2.1:3260/iqn.2026-11.example:nas/2");
        return urls;
    }

    @Override
    public Held acquire(VolumeRequest request, Progress progress, Patience patience)
            throws LunlockException {
        String volume = request.volume();
        progress.step(VolumeState.CONNECTING);
        if (exists(volume, "refused")) {
            throw new LunlockException(
                    ExitCode.LOGIN,
                    "the target refused the login (192.0.2.1:3260): check the CHAP user and secret");
        }
        progress.step(VolumeState.LOCKING);
        while (!tryLock(volume)) {
            Holder holder = new Holder(holder(volume), false, null, 1000L, null);
            progress.waiting(holder);
            if (!patience.pause(LOOK_AGAIN)) {
                throw new LunlockException(
                        ExitCode.HELD,
                        "%s is held by %s: wait with --wait, or see lunlock locks"
                                .formatted(volume, holder.describe()));
            }
        }
        progress.step(request.mount() ? VolumeState.MOUNTING : VolumeState.ATTACHING);
        FakeHeld held = new FakeHeld(request, mountPoint(request));
        holds.add(held);
        log.add("acquired " + volume);
        return held;
    }

    private @Nullable String mountPoint(VolumeRequest request) {
        if (!request.mount()) {
            return null;
        }
        Path directory = target.resolve("mnt-" + host).resolve(request.volume());
        try {
            return Files.createDirectories(directory).toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private boolean exists(String volume, String trouble) {
        return Files.exists(target.resolve(volume + "." + trouble));
    }

    private boolean tryLock(String volume) {
        try {
            Files.writeString(
                    target.resolve(volume + ".holder"),
                    host,
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE);
            return true;
        } catch (FileAlreadyExistsException e) {
            return false;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String holder(String volume) {
        try {
            return Files.readString(target.resolve(volume + ".holder"));
        } catch (IOException e) {
            return "";
        }
    }

    @Override
    public LockStatus lock(String volume, Duration timeout) throws LunlockException {
        if (exists(volume, "refused")) {
            throw new LunlockException(
                    ExitCode.LOGIN, "the target refused the login (192.0.2.1:3260): check CHAP");
        }
        String holder = holder(volume);
        boolean own = holder.equals(host);
        return new LockStatus(
                volume,
                holder.isEmpty() ? null : new Holder(holder, own, null, 1000L, null),
                List.of(),
                holder.isEmpty() ? null : 7L,
                true,
                List.of(),
                List.of(),
                null,
                null);
    }

    @Override
    public Result.Unlocked unlock(String volume, String reason, String who, Duration timeout)
            throws LunlockException {
        LockStatus before = lock(volume, timeout);
        try {
            Files.deleteIfExists(target.resolve(volume + ".holder"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Result.Unlocked(before, null);
    }

    @Override
    public List<Result.Target> discover(Request.Discover request, Duration timeout)
            throws LunlockException {
        if (request.portal().startsWith("closed")) {
            throw new LunlockException(
                    ExitCode.UNREACHABLE,
                    "the portal does not answer (%s): check the address"
                            .formatted(request.portal()));
        }
        return List.of(
                new Result.Target(
                        "iqn.2026-11.example:nas",
                        List.of(
                                new Result.TargetPortal("192.0.2.1:3260", 1),
                                new Result.TargetPortal("[2001:db8::1]:3260", 1))));
    }

    @Override
    public Result scsi(Request.Scsi request, Duration timeout) {
        return switch (request.question()) {
            case INQUIRY ->
                    new Result.Inquiry(
                            "FAKE", "VIRTUAL-DISK", "0001", 0, "beaf1", List.of("naa.60000000000"));
            case CAPACITY -> new Result.Capacity(2_097_152, 512, 4096, true);
            case LUNS -> new Result.LogicalUnits(List.of(0, 1, 2));
            case RESERVATIONS ->
                    new Result.Reservations(
                            7,
                            List.of(
                                    new Result.RegisteredKey("0x4c55000100000007", "mars"),
                                    new Result.RegisteredKey("0x00000000deadbeef", null)),
                            new Result.Reservation("0x4c55000100000007", "Exclusive Access"));
        };
    }

    private void watchForLosses() {
        while (!closed) {
            for (FakeHeld held : holds) {
                if (exists(held.request.volume(), "lost")) {
                    held.lost.complete(
                            new LunlockException(
                                    ExitCode.LOST,
                                    held.request.volume()
                                            + " was taken over by host venus: check what was"
                                            + " written, then run it again"));
                }
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
    }

    @Override
    public void close() {
        closed = true;
        log.add("closed");
    }

    private final class FakeHeld implements Held {
        private final VolumeRequest request;
        private final @Nullable String mountPoint;
        private final CompletableFuture<LunlockException> lost = new CompletableFuture<>();

        FakeHeld(VolumeRequest request, @Nullable String mountPoint) {
            this.request = request;
            this.mountPoint = mountPoint;
        }

        @Override
        public Event.Acquired acquired() {
            return new Event.Acquired(
                    request.volume(), mountPoint, "/dev/fake0", request.readOnly(), 7);
        }

        @Override
        public LeaseStatus lease() {
            return new LeaseStatus(15_000, 2_000, true);
        }

        @Override
        public Counters counters() {
            return new Counters(10, 20, 3, 40_960, 5 << 20, 900, 4_000, 0, 1);
        }

        @Override
        public CompletableFuture<LunlockException> lost() {
            return lost;
        }

        @Override
        public boolean isHeld() {
            return holds.contains(this);
        }

        @Override
        public void release(Release how) throws LunlockException {
            String volume = request.volume();
            Path busy = target.resolve(volume + ".busy");
            if (how == Release.CLEAN && Files.exists(busy)) {
                throw new LunlockException(
                        ExitCode.IO,
                        "%s is used by bash (pid 4242): end that".formatted(mountPoint));
            }
            holds.remove(this);
            log.add("released " + volume + " " + how);
            try {
                if (!lost.isDone()) {
                    Files.deleteIfExists(target.resolve(volume + ".holder"));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            if (exists(volume, "dirty")) {
                throw new LunlockException(
                        ExitCode.IO,
                        "%s was not written out completely (LUN 1): check it".formatted(volume));
            }
        }
    }
}
