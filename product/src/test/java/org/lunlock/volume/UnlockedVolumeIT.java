// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.bench.Benchmark;
import org.lunlock.bench.Measurement;
import org.lunlock.bench.Workload;
import org.lunlock.bench.Workload.Pattern;
import org.lunlock.config.Home;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.iscsi.testkit.Tgt;

/** A logical unit that is measured without its lock. */
@Timeout(120)
class UnlockedVolumeIT {
    private static final ReservationKey KEY = new ReservationKey(0x1234);

    @TempDir private Path directory;

    private UnlockedVolume open(Tgt tgt, boolean writes) throws LunlockException {
        Home home = Home.resolve(directory, Map.of(), Home.Machine.local());
        return UnlockedVolume.open(home, tgt.url(Io.LUN), writes, Duration.ofSeconds(20));
    }

    private static Measurement measure(UnlockedVolume volume, Pattern pattern, Duration duration)
            throws IOException {
        Workload workload = new Workload(pattern, 4096, 8, false, Duration.ZERO, duration);
        return new Benchmark(volume.device(), workload, _ -> {}).run();
    }

    @Test
    void aFreeOneIsReadAndWritten() throws Exception {
        try (Tgt tgt = Tgt.start()) {
            byte[] before = Files.readAllBytes(tgt.image());
            try (UnlockedVolume volume = open(tgt, false)) {
                assertThat(measure(volume, Pattern.READ, Duration.ofMillis(200)).requests())
                        .isPositive();
                assertThatThrownBy(() -> measure(volume, Pattern.WRITE, Duration.ofMillis(200)))
                        .hasMessageContaining("read-only");
            }
            assertThat(Files.readAllBytes(tgt.image())).isEqualTo(before);
            try (UnlockedVolume volume = open(tgt, true)) {
                assertThat(measure(volume, Pattern.WRITE, Duration.ofMillis(200)).requests())
                        .isPositive();
            }
            assertThat(Files.readAllBytes(tgt.image())).isNotEqualTo(before);
        }
    }

    @Test
    void oneThatIsReservedIsLeftAlone() throws Exception {
        try (Tgt tgt = Tgt.start();
                Session holder = holder(tgt)) {
            reserve(holder);
            assertThatThrownBy(() -> open(tgt, false))
                    .isInstanceOfSatisfying(
                            LunlockException.class,
                            e -> assertThat(e.exitCode()).isEqualTo(ExitCode.HELD))
                    .hasMessageContaining("is reserved by host unknown to lunlock");
        }
    }

    @Test
    void aHostThatTakesItEndsTheMeasurement() throws Exception {
        try (Tgt tgt = Tgt.start();
                Session holder = holder(tgt);
                UnlockedVolume volume = open(tgt, true)) {
            measure(volume, Pattern.WRITE, Duration.ofMillis(100));
            reserve(holder);
            IOException failure =
                    catchThrowableOfType(
                            IOException.class,
                            () -> measure(volume, Pattern.WRITE, Duration.ofSeconds(20)));
            assertThat(volume.failure(failure).exitCode()).isEqualTo(ExitCode.HELD);
        }
    }

    private static Session holder(Tgt tgt) throws Exception {
        Session session = PlainLogin.login(tgt, "holder");
        session.execute(Io.LUN, TestUnitReady.request()); // takes the news of the login
        return session;
    }

    private static void reserve(Session holder) throws Exception {
        holder.execute(Io.LUN, PersistentReserveOut.register(ReservationKey.NONE, KEY, false));
        holder.execute(Io.LUN, PersistentReserveOut.reserve(KEY, ReservationType.EXCLUSIVE_ACCESS));
    }
}
