// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WireTest {
    private static final Instant SINCE = Instant.parse("2026-11-23T16:13:00.123Z");
    private static final Asker ASKER = new Asker(4242, "rsync -a /home/ {}/");
    private static final Use USE = new Use(Use.Kind.RUN, 4242, "anna", "rsync", SINCE);
    private static final Holder HOLDER = new Holder("mars", false, SINCE, 2000L, null);

    static Stream<Request> requests() {
        return Stream.of(
                new Request.Run("backup", true, false, 600_000L, ASKER, Choice.NONE),
                new Request.Run("backup", false, true, null, new Asker(1, null), Choice.NONE),
                new Request.Mount("backup", false, 0L, ASKER, new Choice(2, true)),
                new Request.Attach("backup", true, null, ASKER, Choice.NONE),
                new Request.Export(
                        "backup",
                        true,
                        null,
                        ASKER,
                        Choice.NONE,
                        new ExportSpec.Nbd("unix:/s", "/c", "/k", null)),
                new Request.Export("backup", false, 0L, ASKER, Choice.NONE, new ExportSpec.Nfs()),
                new Request.Unmount("backup", true),
                new Request.Detach("backup", false),
                new Request.Status(null, true),
                new Request.Status("backup", false),
                new Request.Locks(),
                new Request.Lock("nightly", null, ASKER),
                new Request.Unlock("backup", "it is on fire", ASKER),
                new Request.Discover("[2001:db8::1]:3260", "anna", "/root/secret"),
                new Request.Scsi(ScsiQuestion.INQUIRY, "iscsi://anna%geheim@host/iqn.x:y/1"),
                new Request.Daemon(),
                new Request.Stop(true));
    }

    static Stream<Reply> replies() {
        LeaseStatus lease = new LeaseStatus(15_000, 2_000, true);
        Counters counters = new Counters(1, 2, 3, 4, 5, 6, 7, 8, 9);
        VolumeStatus held =
                new VolumeStatus(
                        "backup",
                        "iscsi://host:3260/iqn.x:y/1",
                        VolumeState.MOUNTED,
                        SINCE,
                        true,
                        "/mnt/backup",
                        "/dev/loop0",
                        7L,
                        USE,
                        lease,
                        counters,
                        List.of(USE),
                        null,
                        null);
        LockStatus lock =
                new LockStatus(
                        "backup",
                        HOLDER,
                        List.of(),
                        7L,
                        true,
                        List.of("venus"),
                        List.of(USE),
                        null,
                        "silent");
        return Stream.of(
                new Event.Alive(),
                new Event.Waiting("backup", HOLDER, 2),
                new Event.Step("backup", VolumeState.MOUNTING),
                new Event.Acquired("backup", null, "/dev/loop0", false, 7),
                new Event.EndCommand("the lock is lost"),
                new Event.Snapshot(new Result.StatusReport(List.of(held))),
                new Result.Done(),
                new Result.StatusReport(List.of(held)),
                new Result.LockReport(List.of(lock)),
                new Result.Unlocked(lock, null),
                new Result.Targets(
                        List.of(
                                new Result.Target(
                                        "iqn.x:y",
                                        List.of(new Result.TargetPortal("192.0.2.1:3260", 1))))),
                new Result.Inquiry("IET", "VIRTUAL-DISK", "0001", 0, null, List.of("naa.6")),
                new Result.Capacity(2_097_152, 512, 4096, true),
                new Result.LogicalUnits(List.of(0, 1)),
                new Result.Reservations(
                        4_294_967_295L,
                        List.of(new Result.RegisteredKey("0x4c55000100000007", "mars")),
                        new Result.Reservation("0x4c55000100000007", "Exclusive Access")),
                new Result.DaemonReport("0.1.0", 1, 42, SINCE, "/etc/x", "/run/x", "/var/x"),
                new Failure(75, "backup is held by host mars: wait"));
    }

    @ParameterizedTest
    @MethodSource("requests")
    void aRequestIsTheSameOnTheOtherSide(Request request) throws Exception {
        Call call = new Call(Wire.API, 30_000, request);

        assertThat(Wire.call(Wire.line(call))).isEqualTo(call);
    }

    @ParameterizedTest
    @MethodSource("replies")
    void aReplyIsTheSameOnTheOtherSide(Reply reply) throws Exception {
        byte[] line = Wire.line(reply);

        assertThat(Wire.reply(line)).isEqualTo(reply);
        assertThat(new String(line, StandardCharsets.UTF_8)).hasLineCount(1).endsWith("}\n");
    }

    @Test
    void aNoteIsTheSameOnTheOtherSide() throws Exception {
        assertThat(Wire.note(Wire.line(new Note.Started(4242)))).isEqualTo(new Note.Started(4242));
        assertThat(Wire.note(Wire.line(new Note.Ended(3)))).isEqualTo(new Note.Ended(3));
    }

    @Test
    void namesInJsonStay() {
        assertThat(Wire.json(new Event.Acquired("backup", "/mnt", "/dev/loop0", false, 7)))
                .isEqualTo(
                        """
                        {"type":"acquired","volume":"backup","mountPoint":"/mnt",\
                        "device":"/dev/loop0","readOnly":false,"token":7}\
                        """);
        assertThat(Wire.json(new Event.Waiting("backup", HOLDER, 0)))
                .isEqualTo(
                        """
                        {"type":"waiting","volume":"backup","holder":{"host":"mars",\
                        "thisHost":false,"since":"2026-11-23T16:13:00.123Z",\
                        "renewedMillisAgo":2000},"ahead":0}\
                        """);
        assertThat(Wire.json(new Result.Capacity(8, 512, 4096, false))).contains("\"bytes\":4096");
        assertThat(Wire.json(new Event.Step("backup", VolumeState.MOUNTING)))
                .contains("\"state\":\"mounting\"");
        assertThat(Wire.json(Map.of("removed", "backup"))).isEqualTo("{\"removed\":\"backup\"}");
    }

    @Test
    void anotherVersionIsSeenBeforeAnythingElse() {
        String line = "{\"api\":2,\"request\":{\"type\":\"what nobody knows yet\"}}";

        assertThatThrownBy(() -> Wire.call(line.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(
                        Wire.VersionException.class, e -> assertThat(e.api()).isEqualTo(2));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "GET / HTTP/1.1",
                "{}",
                "[]",
                "null",
                "{\"api\":\"1\"}",
                "{\"api\":1}",
                "{\"api\":1,\"timeoutMillis\":1}",
                "{\"api\":1,\"timeoutMillis\":1,\"request\":null}",
                "{\"api\":1,\"timeoutMillis\":1,\"request\":{\"type\":\"java.lang.Object\"}}",
                "{\"api\":1,\"timeoutMillis\":1,\"request\":{\"type\":\"run\"}}",
                "{\"api\":1,\"timeoutMillis\":1,\"request\":{\"type\":\"scsi\",\"question\":\"x\"}}"
            })
    void whatIsNoCallIsRefused(String line) {
        assertThatThrownBy(() -> Wire.call(line.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(Wire.MalformedException.class);
    }

    @Test
    void deepNestingIsRefused() {
        String line = "{\"api\":1,\"request\":" + "[".repeat(60_000);

        assertThatThrownBy(() -> Wire.call(line.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(Wire.MalformedException.class);
    }

    @Test
    void aRefusalDoesNotQuoteWhatWasRefused() {
        String line =
                "{\"api\":1,\"request\":{\"type\":\"scsi\",\"volumeOrUrl\":\"u%geheim@\",\"question\":7,}}";

        assertThatThrownBy(() -> Wire.call(line.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(Wire.MalformedException.class)
                .hasMessageNotContaining("geheim");
        assertThat(new Request.Scsi(ScsiQuestion.LUNS, "u%geheim@").toString())
                .doesNotContain("geheim");
    }
}
