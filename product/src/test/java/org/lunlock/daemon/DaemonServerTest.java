// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.Choice;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.Note;
import org.lunlock.daemon.api.Reply;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.ScsiQuestion;
import org.lunlock.daemon.api.Use;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.daemon.api.VolumeStatus;
import org.lunlock.daemon.api.Wire;
import org.lunlock.testkit.FakeVolumes;
import org.lunlock.testkit.Until;

@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DaemonServerTest {
    @TempDir private Path directory;

    private FakeVolumes volumes = new FakeVolumes(Path.of("/nowhere"), "none");
    private Path socket = Path.of("/nowhere");
    private final CountDownLatch stopped = new CountDownLatch(1);
    private @Nullable DaemonServer server;

    @BeforeEach
    void start() throws IOException {
        volumes.close();
        volumes = new FakeVolumes(directory, "earth");
        socket = directory.resolve("daemon.sock");
        Result.DaemonReport self =
                new Result.DaemonReport("0", Wire.API, 1, Instant.now(), "c", "s", "l");
        Service service = new Service(volumes, new HostVolumes(volumes, "earth"), self);
        server = DaemonServer.open(socket, service, stopped::countDown);
    }

    @AfterEach
    void stop() {
        if (server != null) {
            server.close();
        }
        volumes.close();
    }

    private TestClient client() throws IOException {
        return new TestClient(socket);
    }

    private VolumeStatus status() throws Exception {
        return TestClient.status(socket);
    }

    private void awaitState(VolumeState state) throws Exception {
        Until.that("backup is " + state, () -> status().state() == state);
    }

    private void make(String trouble) throws IOException {
        Files.createFile(directory.resolve("backup." + trouble));
    }

    private void clear(String trouble) throws IOException {
        Files.delete(directory.resolve("backup." + trouble));
    }

    @Test
    void theSocketIsForItsUserOnly() throws Exception {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
    }

    @Test
    void aRunHasTheVolumeUntilItsCommandIsOver() throws Exception {
        try (TestClient run = client().call(TestClient.run())) {
            Event.Acquired acquired = run.await(Event.Acquired.class);
            assertThat(acquired.mountPoint()).endsWith("mnt-earth/backup");

            VolumeStatus held = status();
            assertThat(held.state()).isEqualTo(VolumeState.MOUNTED);
            assertThat(held.mountPoint()).isEqualTo(acquired.mountPoint());
            assertThat(held.token()).isEqualTo(7);
            Use use = Objects.requireNonNull(held.use());
            assertThat(use.kind()).isEqualTo(Use.Kind.RUN);
            assertThat(use.pid()).isEqualTo(4242);
            assertThat(use.user()).isEqualTo(System.getProperty("user.name"));

            run.tell(new Note.Ended(0));
            assertThat(run.last()).isEqualTo(new Result.Done());
        }
        assertThat(status().state()).isEqualTo(VolumeState.FREE);
        assertThat(volumes.log()).containsExactly("acquired backup", "released backup CLEAN");
    }

    @Test
    void aCommandLineThatDisappearsGivesTheVolumeBack() throws Exception {
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
        }

        awaitState(VolumeState.FREE);
        assertThat(volumes.log()).containsExactly("acquired backup", "released backup CLEAN");
    }

    @Test
    void runsOfOneHostTakeTurnsInTheirOrder() throws Exception {
        try (TestClient first = client().call(TestClient.run());
                TestClient second = client();
                TestClient third = client()) {
            first.await(Event.Acquired.class);
            second.call(TestClient.run());
            Event.Waiting waiting = second.await(Event.Waiting.class);
            third.call(TestClient.run());
            assertThat(third.await(Event.Waiting.class).ahead()).isEqualTo(1);

            assertThat(waiting.holder().thisHost()).isTrue();
            assertThat(waiting.holder().host()).isEqualTo("earth");
            assertThat(waiting.holder().describe()).startsWith("this host, rsync (pid 4242 of ");
            assertThat(status().waiting()).hasSize(2);

            first.tell(new Note.Ended(0));
            second.await(Event.Acquired.class);
            second.tell(new Note.Ended(0));
            third.await(Event.Acquired.class);
            third.tell(new Note.Ended(0));
            assertThat(third.last()).isEqualTo(new Result.Done());
        }
    }

    @Test
    void whoDoesNotWaitIsToldWhoHasIt() throws Exception {
        try (TestClient first = client().call(TestClient.run());
                TestClient second = client()) {
            first.await(Event.Acquired.class);
            second.call(TestClient.run(0L));
            second.assertFails(75, "held by this host, rsync (pid 4242 of ");
        }
    }

    @Test
    void patienceEndsWhereverTheWaitIs() throws Exception {
        Files.writeString(directory.resolve("backup.holder"), "mars");
        try (TestClient first = client().call(TestClient.run());
                TestClient second = client()) {
            assertThat(first.await(Event.Waiting.class).holder().host()).isEqualTo("mars");
            second.call(TestClient.run(50L));
            second.assertFails(75, "held by host mars");
        }
        awaitState(VolumeState.FREE);
    }

    @Test
    void whoLeavesTheQueueIsForgotten() throws Exception {
        try (TestClient first = client().call(TestClient.run())) {
            first.await(Event.Acquired.class);
            try (TestClient second = client().call(TestClient.run())) {
                second.await(Event.Waiting.class);
            }
            Until.that("nobody waits", () -> status().waiting().isEmpty());
        }
    }

    @Test
    void aMountStaysUntilItIsUnmounted() throws Exception {
        try (TestClient mount = client().call(TestClient.mount())) {
            mount.await(Event.Acquired.class);
            assertThat(mount.last()).isEqualTo(new Result.Done());
        }
        assertThat(status().state()).isEqualTo(VolumeState.MOUNTED);

        try (TestClient detach = client().call(new Request.Detach("backup", false))) {
            detach.assertFails(65, "lunlock unmount");
        }
        assertThat(TestClient.ask(socket, new Request.Unmount("backup", false)))
                .isEqualTo(new Result.Done());
        assertThat(status().state()).isEqualTo(VolumeState.FREE);
        try (TestClient again = client().call(new Request.Unmount("backup", false))) {
            again.assertFails(65, "not mounted on this host");
        }
    }

    @Test
    void anAttachedVolumeIsDetached() throws Exception {
        Request.Attach attach =
                new Request.Attach("backup", true, null, new Asker(1, null), Choice.NONE);
        assertThat(TestClient.ask(socket, attach)).isEqualTo(new Result.Done());

        VolumeStatus held = status();
        assertThat(held.state()).isEqualTo(VolumeState.ATTACHED);
        assertThat(held.readOnly()).isTrue();
        assertThat(held.mountPoint()).isNull();
        try (TestClient unmount = client().call(new Request.Unmount("backup", false))) {
            unmount.assertFails(65, "lunlock detach");
        }
        assertThat(TestClient.ask(socket, new Request.Detach("backup", false)))
                .isEqualTo(new Result.Done());
    }

    @Test
    void aVolumeThatIsBusyAfterTheRunStaysLocked() throws Exception {
        make("busy");
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
            run.tell(new Note.Ended(0));
            run.assertFails(74, "stays mounted and locked", "bash", "lunlock unmount backup");
        }
        assertThat(status().state()).isEqualTo(VolumeState.BUSY);
        assertThat(status().problem()).contains("bash");
        try (TestClient unmount = client().call(new Request.Unmount("backup", false))) {
            unmount.assertFails(74, "bash");
        }

        clear("busy");
        assertThat(TestClient.ask(socket, new Request.Unmount("backup", false)))
                .isEqualTo(new Result.Done());
        assertThat(status().state()).isEqualTo(VolumeState.FREE);
        assertThat(status().problem()).isNull();
    }

    @Test
    void aLostLockEndsTheCommandAndThenTheHold() throws Exception {
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
            make("lost");

            assertThat(run.await(Event.EndCommand.class).reason()).contains("host venus");
            assertThat(status().state()).isEqualTo(VolumeState.LOST);
            run.tell(new Note.Ended(143));
            run.assertFails(79, "taken over by host venus");
        }
        assertThat(volumes.log()).containsExactly("acquired backup", "released backup FORCE");
        assertThat(status().problem()).contains("host venus");
    }

    @Test
    void aLockThatIsLostAfterTheCommandFailsTheRunToo() throws Exception {
        make("busy");
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
            run.tell(new Note.Ended(0));
            awaitState(VolumeState.BUSY);
            make("lost");
            run.assertFails(79, "taken over by host venus");
        }
    }

    @Test
    void aLostMountIsTakenDown() throws Exception {
        assertThat(TestClient.ask(socket, TestClient.mount())).isEqualTo(new Result.Done());
        make("lost");

        awaitState(VolumeState.FREE);
        assertThat(volumes.log()).containsExactly("acquired backup", "released backup FORCE");
        assertThat(status().problem()).contains("host venus");
    }

    @Test
    void forceTakesTheVolumeFromARunningCommand() throws Exception {
        try (TestClient run = client().call(TestClient.run());
                TestClient gentle = client();
                TestClient force = client()) {
            run.await(Event.Acquired.class);
            gentle.call(new Request.Unmount("backup", false));
            gentle.assertFails(74, "in use by rsync (pid 4242", "--force");

            force.call(new Request.Unmount("backup", true));
            run.await(Event.EndCommand.class);
            run.tell(new Note.Ended(143));
            run.assertFails(74, "taken away");
            assertThat(force.last()).isEqualTo(new Result.Done());
        }
        assertThat(volumes.log()).containsExactly("acquired backup", "released backup FORCE");
    }

    @Test
    void whatAForcedReleaseLosesIsTold() throws Exception {
        make("busy");
        make("dirty");
        assertThat(TestClient.ask(socket, TestClient.mount())).isEqualTo(new Result.Done());

        try (TestClient force = client().call(new Request.Unmount("backup", true))) {
            force.assertFails(74, "not written out completely");
        }
        assertThat(status().state()).isEqualTo(VolumeState.FREE);
    }

    @Test
    void aReleaseThatLosesWritesIsAFailedOneButOver() throws Exception {
        make("dirty");
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
            run.tell(new Note.Ended(0));
            run.assertFails(74, "not written out completely");
        }
        assertThat(status().state()).isEqualTo(VolumeState.FREE);
        assertThat(status().problem()).contains("not written out completely");
    }

    @Test
    void aFailedAcquisitionLeavesNothing() throws Exception {
        make("refused");
        try (TestClient run = client().call(TestClient.run())) {
            run.assertFails(77, "refused the login");
        }
        clear("refused");
        assertThat(status().state()).isEqualTo(VolumeState.FREE);
        assertThat(status().use()).isNull();
    }

    @Test
    void anUnknownVolumeNamesTheNearest() throws Exception {
        try (TestClient run = client().call(new Request.Unmount("bakup", false))) {
            run.assertFails(65, "unknown volume (bakup)", "did you mean 'backup'?");
        }
    }

    @Test
    void stoppingEndsRunsAndGivesEverythingBack() throws Exception {
        try (TestClient run = client().call(TestClient.run());
                TestClient waiting = client();
                TestClient stop = client()) {
            run.await(Event.Acquired.class);
            waiting.call(TestClient.run());
            waiting.await(Event.Waiting.class);

            stop.call(new Request.Stop(false));
            waiting.assertFails(70, "told to stop");
            run.await(Event.EndCommand.class);
            run.tell(new Note.Ended(143));
            run.assertFails(70, "told to stop");
            assertThat(stop.last()).isEqualTo(new Result.Done());
        }
        assertThat(stopped.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(volumes.log()).containsExactly("acquired backup", "released backup CLEAN");
    }

    @Test
    void aBusyVolumeKeepsTheDaemonUnlessForced() throws Exception {
        make("busy");
        assertThat(TestClient.ask(socket, TestClient.mount())).isEqualTo(new Result.Done());

        try (TestClient stop = client().call(new Request.Stop(false))) {
            stop.assertFails(74, "stays mounted and locked", "bash");
        }
        assertThat(stopped.getCount()).isOne();
        Request.Attach other =
                new Request.Attach("photos", false, null, new Asker(1, null), Choice.NONE);
        assertThat(TestClient.ask(socket, other)).as("goes on").isEqualTo(new Result.Done());

        assertThat(TestClient.ask(socket, new Request.Stop(true))).isEqualTo(new Result.Done());
        assertThat(stopped.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(volumes.log()).contains("released backup FORCE", "released photos CLEAN");
    }

    @Test
    void locksTellWhatTargetsSayAndWhichDoNot() throws Exception {
        Files.writeString(directory.resolve("photos.holder"), "mars");
        make("refused");

        Result.LockReport report = (Result.LockReport) TestClient.ask(socket, new Request.Locks());

        assertThat(report.locks()).hasSize(2);
        assertThat(report.locks().get(0).failure()).isNotNull();
        assertThat(Objects.requireNonNull(report.locks().get(1).holder()).host()).isEqualTo("mars");
    }

    @Test
    void statusShowsWhoElseHasAVolume() throws Exception {
        Files.writeString(directory.resolve("backup.holder"), "mars");

        assertThat(status().state()).isEqualTo(VolumeState.FREE);
        assertThat(Objects.requireNonNull(status().holder()).host()).isEqualTo("mars");
    }

    @Test
    void whoWatchesGetsOneStatusAfterTheOther() throws Exception {
        try (TestClient watch = client().call(new Request.Status(null, true))) {
            assertThat(watch.await(Event.Snapshot.class).status().volumes()).hasSize(2);
            assertThat(watch.await(Event.Snapshot.class).status().volumes()).hasSize(2);
        }
    }

    @Test
    void questionsToTargetsArePassedOn() throws Exception {
        assertThat(TestClient.ask(socket, new Request.Scsi(ScsiQuestion.LUNS, "backup")))
                .isInstanceOf(Result.LogicalUnits.class);
        assertThat(TestClient.ask(socket, new Request.Discover("host", null, null)))
                .isInstanceOf(Result.Targets.class);
        try (TestClient closed = client().call(new Request.Discover("closed", null, null))) {
            closed.assertFails(69, "does not answer (closed)");
        }
    }

    @Test
    void garbageIsRefused() throws Exception {
        try (TestClient hostile = client()) {
            hostile.raw("GET / HTTP/1.1\n");
            hostile.assertFails(64, "not a request");
        }
        assertThat(status().state()).as("others are served").isEqualTo(VolumeState.FREE);
    }

    @Test
    void anotherVersionIsTold() throws Exception {
        try (TestClient old = client()) {
            old.raw("{\"api\":99,\"request\":{\"type\":\"new\"}}\n");
            old.assertFails(78, "another version", "lunlock daemon stop");
        }
    }

    @Test
    void aLineWithoutEndIsNotCollected() throws Exception {
        try (TestClient hostile = client()) {
            hostile.raw("x".repeat(Wire.CALL_BYTES_MAX + 10_000));
            Reply reply = hostile.last();
            assertThat(reply).isInstanceOf(Failure.class);
        } catch (IOException e) {
            assertThat(e).as("or dropped while it was being sent").isNotNull();
        }
        assertThat(status().state()).as("others are served").isEqualTo(VolumeState.FREE);
    }

    @Test
    void aNoteThatIsNoneEndsTheRun() throws Exception {
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
            run.raw("{\"type\":\"started\",\"processGroup\":\"all\"}\n");
            awaitState(VolumeState.FREE);
        }
    }

    @Test
    void aProcessGroupThatIsNoneIsNotSignalled() throws Exception {
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
            run.tell(new Note.Started(-1)); // kill(2) takes 1 for everybody
        }
        awaitState(VolumeState.FREE);
    }

    @Test
    void whoClosesHalfOfItsConnectionIsGone() throws Exception {
        try (TestClient run = client().call(TestClient.run())) {
            run.await(Event.Acquired.class);
            run.halfClose();
            awaitState(VolumeState.FREE);
        }
    }

    @Test
    void manyAreServedAndTooManyAreTurnedAway() throws Exception {
        try (TestClient holder = client().call(TestClient.run())) {
            holder.await(Event.Acquired.class);
            List<TestClient> all = new ArrayList<>();
            for (int i = 0; i < 255; i++) {
                TestClient waiting = client().call(TestClient.run());
                waiting.await(Event.Waiting.class);
                all.add(waiting);
            }
            try (TestClient tooMany = client()) {
                tooMany.assertFails(69, "256 commands");
            }
            all.forEach(TestClient::close);
            Until.that(
                    "there is room again",
                    () -> {
                        try {
                            return status().waiting().isEmpty();
                        } catch (IOException | AssertionError e) {
                            return false; // turned away
                        }
                    });
        }
    }
}
