// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** A lock is taken away from a host that lives, and from a program that is not lunlock. */
@Timeout(180)
final class UnlockIT {
    private static final Lun DISK = new Lun(1);
    private static final ReservationKey KEY = new ReservationKey(0x1234);

    @TempDir Path directory;
    private Tgt target;
    private TestHost a;
    private TestHost b;

    @BeforeEach
    void targetAndHosts() throws Exception {
        Tools.require("tgtd", "losetup");
        target = Tgt.with().disk(Tgt.Disk.ofMebibytes(16)).usedBefore().start();
        a = host("a");
        b = host("b");
    }

    private TestHost host(String name) throws IOException {
        TestHost host = new TestHost(name, directory);
        host.useVolume("30s", target.url(DISK));
        return host;
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        try {
            a.close();
            b.close();
            Leavings.none(directory, target);
        } catch (AssertionError e) {
            throw new AssertionError(e.getMessage() + "\n" + a.log() + "\n" + b.log(), e);
        } finally {
            target.close();
        }
    }

    @Test
    void holderThatLivesLosesTheVolumeAndWhoeverWaitsHasItAtOnce() throws Exception {
        TestHost.Run holder =
                a.start("run", "--no-mount", "backup", "--", "sh", "-c", "echo go; sleep 100");
        a.awaitState("attached");
        TestHost.Run waiter = b.start("run", "--no-mount", "backup", "--", "true");
        b.awaitState("waiting");

        TestHost.Run refused = b.start("unlock", "backup");
        assertThat(refused.exit()).isEqualTo(ExitCode.USAGE.code());
        assertThat(refused.ownLines()).singleElement().asString().contains("--force", "--reason");
        assertThat(holder.isRunning()).isTrue();

        String said = b.succeed("unlock", "backup", "--force", "--reason", "it hangs");
        assertThat(said).contains("backup was taken away from host ", ", and is free");
        assertThat(waiter.exit()).as(waiter.errors()).isZero(); // long before a term is over
        assertThat(holder.exit()).as(holder.errors()).isEqualTo(ExitCode.LOST.code());
        assertThat(b.log()).contains("takes the lock away from host ", ": it hangs");
    }

    @Test
    void freeVolumeIsLeftAlone() throws Exception {
        assertThat(b.succeed("unlock", "backup", "--force", "--reason", "to be sure"))
                .contains("backup is free: nothing was taken away");
    }

    @Test
    void hostThatHasItItselfIsToldToGiveItBack() throws Exception {
        a.succeed("attach", "backup");
        TestHost.Run run = a.start("unlock", "backup", "--force", "--reason", "by mistake");
        assertThat(run.exit()).isEqualTo(ExitCode.DATA.code());
        assertThat(run.ownLines()).singleElement().asString().contains("unmount --force");
        a.succeed("detach", "backup");
    }

    @Test
    void anotherProgramLosesItsReservation() throws Exception {
        try (Session program = PlainLogin.login(target, "another-program")) {
            PlainLogin.awaken(program, DISK);
            program.execute(DISK, PersistentReserveOut.register(ReservationKey.NONE, KEY, false));
            program.execute(
                    DISK, PersistentReserveOut.reserve(KEY, ReservationType.EXCLUSIVE_ACCESS));
            TestHost.Run held = b.start("run", "--no-wait", "--no-mount", "backup", "--", "true");
            assertThat(held.exit()).isEqualTo(ExitCode.HELD.code());
            assertThat(held.errors()).contains("another program");
            assertThat(b.succeed("unlock", "backup", "--force", "--reason", "it is gone"))
                    .contains("(key 0000000000001234)");
            b.succeed("run", "--no-wait", "--no-mount", "backup", "--", "true");
        }
    }
}
