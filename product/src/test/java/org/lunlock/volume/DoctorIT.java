// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.volume.Finding.Verdict;

/** What the doctor says of a real target. */
@Timeout(120)
class DoctorIT {
    private static final ReservationKey KEY = new ReservationKey(0x1234);

    @TempDir private Path directory;

    private List<Finding> examine(String url) throws LunlockException {
        Home home = Home.resolve(directory, Map.of(), Home.Machine.local());
        return Doctor.target(home, url, Duration.ofSeconds(20));
    }

    private static Finding of(List<Finding> findings, String what) {
        return findings.stream().filter(it -> it.what().equals(what)).findAny().orElseThrow();
    }

    private static Session another(Tgt tgt) throws Exception {
        Session session = PlainLogin.login(tgt, "other");
        session.execute(Io.LUN, TestUnitReady.request()); // takes the news of the login
        return session;
    }

    @Test
    void tgtIsDescribedAndNothingIsChanged() throws Exception {
        try (Tgt tgt = Tgt.start();
                Session other = another(tgt)) {
            byte[] before = Files.readAllBytes(tgt.image());
            List<Finding> findings = examine(tgt.url(Io.LUN));
            assertThat(findings)
                    .extracting(it -> it.verdict() + " " + it.what())
                    .containsExactly(
                            "degraded CHAP",
                            "degraded digests",
                            "ok identity",
                            "ok reservations",
                            "ok shared reading",
                            "degraded APTPL",
                            "ok blocks",
                            "ok write cache",
                            "degraded UNMAP");
            assertThat(of(findings, "reservations").detail())
                    .isEqualTo("Exclusive Access, to write (free now)");
            assertThat(findings)
                    .allMatch(it -> (it.verdict() == Verdict.OK) == (it.remedy() == null));
            assertThat(Files.readAllBytes(tgt.image())).isEqualTo(before);
            var keys = other.execute(Io.LUN, PersistentReserveIn.readKeys());
            assertThat(keys.keys()).isEmpty();
            assertThat(keys.generation()).isZero();
        }
    }

    @Test
    void oneThatIsReservedTellsWhatItMay() throws Exception {
        try (Tgt tgt = Tgt.start();
                Session holder = another(tgt)) {
            holder.execute(Io.LUN, PersistentReserveOut.register(ReservationKey.NONE, KEY, false));
            holder.execute(
                    Io.LUN, PersistentReserveOut.reserve(KEY, ReservationType.EXCLUSIVE_ACCESS));
            List<Finding> findings = examine(tgt.url(Io.LUN));
            assertThat(of(findings, "reservations").detail())
                    .contains("reserved now: Exclusive Access");
            assertThat(findings).allMatch(it -> it.verdict() != Verdict.MISSING);
            assertThat(holder.execute(Io.LUN, PersistentReserveIn.readReservation()).holder())
                    .isNotNull();
        }
    }

    @Test
    void chapAndDigestsOfTheTargetAreTold() throws Exception {
        try (Tgt tgt =
                Tgt.with()
                        .incoming("eva", "secret0123456789")
                        .parameter("HeaderDigest", "CRC32C")
                        .parameter("DataDigest", "CRC32C")
                        .start()) {
            String url = tgt.url(Io.LUN).replace("iscsi://", "iscsi://eva%secret0123456789@");
            List<Finding> findings = examine(url);
            assertThat(of(findings, "CHAP").detail()).isIn("by MD5 only", "better than MD5");
            assertThat(of(findings, "digests").detail()).isEqualTo("CRC32C over headers and data");
        }
    }

    @Test
    void whatCannotBeAskedIsAFailure() throws Exception {
        String url;
        try (Tgt tgt = Tgt.start()) {
            url = tgt.url(Io.LUN);
            assertThatThrownBy(() -> examine(url.replaceAll("/[0-9]+$", "/77")))
                    .hasMessageContaining("does not exist");
        }
        assertThatThrownBy(() -> examine(url))
                .isInstanceOfSatisfying(
                        LunlockException.class,
                        e -> assertThat(e.exitCode()).isEqualTo(ExitCode.UNREACHABLE));
    }
}
