// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.daemon.api.Counters;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.LeaseStatus;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Use;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.daemon.api.VolumeStatus;

class StatusPrinterTest {
    private final Instant since = Instant.now().minusSeconds(190);
    private final Use rsync = new Use(Use.Kind.RUN, 4242, "anna", "rsync -a x", since);

    private final VolumeStatus mounted =
            new VolumeStatus(
                    "backup",
                    "iscsi://nas:3260/iqn.x:y/1",
                    VolumeState.MOUNTED,
                    since,
                    false,
                    "/mnt/backup",
                    "/dev/loop0",
                    7L,
                    rsync,
                    new LeaseStatus(15_000, 2_000, true),
                    new Counters(10, 20, 3, 40_960, 5 << 20, 900, 4_000, 0, 1),
                    List.of(new Use(Use.Kind.MOUNT, 5, "eva", null, since)),
                    null,
                    null);

    private VolumeStatus free(String name) {
        return new VolumeStatus(
                name,
                "iscsi://nas:3260/iqn.x:y/2",
                VolumeState.FREE,
                since,
                false,
                null,
                null,
                null,
                null,
                null,
                null,
                List.of(),
                null,
                null);
    }

    private static String print(
            boolean detailed,
            BiConsumer<StatusPrinter, Result.StatusReport> how,
            VolumeStatus... volumes) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream stream = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        StatusPrinter printer = new StatusPrinter(Terminal.plain(stream), detailed);
        how.accept(printer, new Result.StatusReport(List.of(volumes)));
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void theTableHasOnlyTheColumnsThatSaySomething() {
        Holder mars = new Holder("mars", false, since, 1000L, null);

        assertThat(
                        print(
                                false,
                                StatusPrinter::print,
                                mounted,
                                free("photos").with(mars, null),
                                free("films")))
                .isEqualTo(
                        """
                        VOLUME  STATE    SINCE  WHERE        HELD BY                        WAITING
                        backup  mounted  3 min  /mnt/backup  rsync -a x (pid 4242 of anna)  1
                        photos  held                         host mars for 3 min
                        films   free
                        """);
    }

    @Test
    void aProblemIsSaidBelow() {
        assertThat(print(false, StatusPrinter::print, free("films").with(null, "it broke")))
                .endsWith("films   free\nfilms: it broke\n");
    }

    @Test
    void oneVolumeIsToldInDetail() {
        assertThat(print(true, StatusPrinter::print, mounted))
                .isEqualTo(
                        """
                        volume      backup
                        url         iscsi://nas:3260/iqn.x:y/1
                        state       mounted for 3 min
                        mounted on  /mnt/backup
                        device      /dev/loop0
                        held by     rsync -a x (pid 4242 of anna)
                        token       7
                        lease       renewed 2 s ago, term 15 s
                        read        40 KiB in 10 requests
                        written     5 MiB in 20 requests
                        flushes     3
                        errors      0
                        reconnects  1
                        waiting     mount (pid 5 of eva)
                        """);
    }

    @Test
    void ratesNeedTwoLooks() {
        String output =
                print(
                        false,
                        (printer, report) -> {
                            printer.printAgain(report);
                            printer.printAgain(report);
                        },
                        mounted);

        assertThat(output).containsOnlyOnce("read 0, write 0");
    }

    @Test
    void whoHasNoVolumesIsToldHowToAddOne() {
        assertThat(print(false, StatusPrinter::print)).contains("lunlock volume add");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1023, 1023 B",
        "1024, 1 KiB",
        "1536, 1.5 KiB",
        "1073741824, 1 GiB",
        "107911053312, 101 GiB",
        "9223372036854775807, 8 EiB"
    })
    void sizesAreInPowersOf1024(long bytes, String text) {
        assertThat(Sizes.text(bytes)).isEqualTo(text);
    }
}
