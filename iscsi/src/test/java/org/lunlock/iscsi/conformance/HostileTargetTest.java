// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.conformance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.LogoutResponse;
import org.lunlock.iscsi.pdu.NopIn;
import org.lunlock.iscsi.pdu.R2t;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.TaskAttribute;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.pdu.TextResponse;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.Task.Conduct;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.testkit.Background;
import org.lunlock.iscsi.testkit.Impatience;
import org.lunlock.iscsi.testkit.Io;
import org.lunlock.iscsi.testkit.Patterns;
import org.lunlock.iscsi.testkit.Property;
import org.lunlock.iscsi.testkit.ScriptedConnection;
import org.lunlock.iscsi.testkit.ScriptedTarget;
import org.lunlock.iscsi.testkit.ScriptedTarget.Logins;

/**
 * Whatever a target sends, a command ends within its time-outs with an {@link IscsiException} or
 * with what it asked for; nothing hangs and no memory is taken on the word of a header. RFC 7143
 * §7.13 (Protocol Errors), RFC 7143 §7.7 (Format Errors).
 */
@Timeout(60)
class HostileTargetTest {
    private static final Duration SHORT = Duration.ofMillis(300);

    /** Everything soon, so that also a target that just stops is noticed. */
    private static final Timeouts HURRIED = Timeouts.all(SHORT);

    @Test
    void randomBytesEndTheCommand() {
        Property.holds(
                30,
                random -> {
                    byte[] noise = new byte[random.nextInt(1, 5000)];
                    random.nextBytes(noise);
                    endsWithAnError(peer -> {
                        peer.sendBytes(noise);
                        peer.close();
                    });
                });
    }

    @Test
    void noiseInsteadOfALoginResponseEndsTheLogin() {
        Property.holds(
                30,
                random -> {
                    byte[] noise = new byte[random.nextInt(1, 5000)];
                    random.nextBytes(noise);
                    if (random.nextBoolean()) {
                        noise[0] = 0x23; // Login Response
                    }
                    boolean hangsUp = random.nextInt(4) > 0;
                    ScriptedTarget.Options options =
                            ScriptedTarget.with().logins(Logins.LEFT_TO_THE_TEST);
                    try (ScriptedTarget target = options.start()) {
                        var login = Background.of(() -> target.login(HURRIED));
                        ScriptedConnection peer = target.connection();
                        peer.sendBytes(noise);
                        if (hangsUp) {
                            peer.close();
                        }
                        login.failure(IscsiException.class);
                    }
                });
    }

    @Test
    void aLoginResponseThatComesByteByByteEndsTheLoginInTime() {
        ScriptedTarget.Options options = ScriptedTarget.with().logins(Logins.LEFT_TO_THE_TEST);
        try (ScriptedTarget target = options.start()) {
            var login = Background.of(() -> target.login(HURRIED));
            ScriptedConnection peer = target.connection();
            var dripping =
                    Background.run(() -> {
                        while (!login.isDone()) {
                            peer.sendBytes(new byte[] {0});
                            LockSupport.parkNanos(SHORT.toNanos() / 30);
                        }
                    });
            login.failure(TransportException.class);
            dripping.ends();
        }
    }

    @Test
    void pdusThatStopInTheMiddleEndTheCommand() {
        Property.holds(
                20,
                random -> {
                    int length = random.nextInt(1, Bhs.LENGTH + 4096);
                    endsWithAnError(peer -> {
                        byte[] whole = peer.encodedDataIn(lastCommand, new byte[4096]);
                        peer.sendBytes(Patterns.part(whole, 0, length));
                        peer.close();
                    });
                });
    }

    /** What {@link #endsWithAnError} has just received. */
    private ScsiCommand lastCommand = command(0);

    private static ScsiCommand command(int tag) {
        return new ScsiCommand(
                false, true, true, false, TaskAttribute.SIMPLE, 0, 0, 0, tag, 512, 0, 0, 0, 0);
    }

    @Test
    void aPduThatIsNeverFinishedEndsTheCommand() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(HURRIED)) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(4096).conduct(Conduct.ONCE).on(session);
            byte[] whole = peer.encodedDataIn(peer.expectCommand(), new byte[4096]);
            peer.sendBytes(Patterns.part(whole, 0, 1000));
            read.fails(TransportException.class);
            peer.expectClosed();
        }
    }

    private void endsWithAnError(Consumer<ScriptedConnection> attack) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(HURRIED)) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(4096).conduct(Conduct.ONCE).on(session);
            lastCommand = peer.expectCommand();
            try {
                attack.accept(peer);
            } catch (UncheckedIOException e) {
                // the initiator had enough in the middle of it
            }
            read.fails(IscsiException.class);
        }
    }

    @Test
    void answersWithRandomDamageEndTheCommandOneWayOrTheOther() {
        Property.holds(10, this::damaged);
    }

    private void damaged(RandomGenerator random) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().key(Key.MAX_OUTSTANDING_R2T, 4).start();
                Session session = target.login(HURRIED)) {
            ScriptedConnection peer = target.connection();
            boolean reads = random.nextBoolean();
            Io io = reads ? Io.read(1024) : Io.write(new byte[1024]);
            io.conduct(Conduct.ONCE).on(session);
            ScsiCommand command = peer.expectCommand();
            Consumer<ByteBuffer> damage =
                    bhs -> {
                        for (int i = random.nextInt(1, 4); i > 0; i--) {
                            int at = random.nextInt(Bhs.LENGTH);
                            bhs.put(at, (byte) (bhs.get(at) ^ 1 << random.nextInt(8)));
                        }
                    };
            try {
                if (reads) {
                    byte[] data = peer.encodedDataIn(command, new byte[1024]);
                    damage.accept(ByteBuffer.wrap(data));
                    peer.sendBytes(data);
                } else {
                    peer.send(r2t(peer, command, 0, 0, 1024), new byte[0], damage);
                    peer.send(peer.response(command, 0, 0), new byte[0], damage);
                }
            } catch (UncheckedIOException e) {
                // the initiator had enough after the first
            }
            io.ends();
        }
    }

    // ------------------------------------------------------------------------ memory

    @Test
    void aSegmentOfSixteenMebibytesIsRefusedByItsHeader() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            peer.expectCommand();
            long before = allocated();
            peer.send(nopIn(peer, 1), new byte[0], bhs -> bhs.putInt(4, 0x00ffffff));
            read.fails(ProtocolException.class);
            peer.expectClosed();
            assertThat(allocated() - before).isLessThan(8 << 20);
        }
    }

    /** Bytes that all threads have allocated, roughly: what has died is in it. */
    private static long allocated() {
        var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        return threads.getTotalThreadAllocatedBytes();
    }

    @Test
    void aSegmentThatIsNoDataInIsRefusedAboveEightKibibytes() throws IscsiException {
        violates((peer, _) -> peer.send(nopIn(peer, 8196), new byte[8196]));
    }

    @Test
    void pingsWithoutEndThatNobodyReadsTheAnswersOfEndTheSession() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().receiveBuffer(4096).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            byte[] pings = pings(peer, 1000); // one by one they would not fill a socket in time
            var pinging =
                    Background.run(() -> {
                        while (true) {
                            peer.sendBytes(pings);
                        }
                    });
            assertThat(read.fails(ProtocolException.class)).hasMessageContaining("faster");
            pinging.ends();
        }
    }

    private static byte[] pings(ScriptedConnection peer, int count) {
        ByteBuffer pings = ByteBuffer.allocate(count * Bhs.LENGTH);
        for (int tag = 1; tag <= count; tag++) {
            int own = tag;
            pings.put(peer.encoded(nopIn(peer, 0), new byte[0], bhs -> bhs.putInt(20, own)));
        }
        return pings.array();
    }

    @Test
    void rejectsAndMessagesWithoutEndDoNotKeepACommandAlive() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login(Impatience.withCommands(SHORT))) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).conduct(Conduct.ONCE).on(session);
            peer.expectCommand();
            var talking =
                    Background.run(() -> {
                        while (true) {
                            peer.tell(255, 0, 0, 0);
                        }
                    });
            assertThat(read.fails(TransportException.class)).hasMessageContaining("answer");
            talking.ends();
        }
    }

    // ------------------------------------------------------------------------ R2T

    @Test
    void r2tsWithoutEndEndTheSession() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[1024]).on(session);
            ScsiCommand command = peer.expectCommand();
            var asking =
                    Background.run(() -> {
                        for (int r2tSn = 0; ; r2tSn++) {
                            peer.send(r2t(peer, command, r2tSn, 0, 1024));
                            peer.expectDataOut();
                        }
                    });
            write.fails(ProtocolException.class);
            asking.ends();
        }
    }

    static Stream<Arguments> wrongR2ts() {
        return Stream.of(
                r2t("with the same R2TSN twice", 0, 512, 512),
                r2t("for bytes that were asked for", 1, 0, 512),
                r2t("for bytes that were partly asked for", 1, 256, 512),
                r2t("that leaves bytes out", 1, 1024, 512),
                r2t("past the end", 1, 512, 32768 - 511),
                r2t("at the end", 1, 32768, 1),
                r2t("longer than MaxBurstLength", 1, 512, 16385),
                r2t("for nothing", 1, 512, 0),
                r2t("with an offset above 2^31", 1, -512, 512),
                r2t("with a length above 2^31", 1, 512, -512),
                r2t("that skips an R2TSN", 2, 512, 512));
    }

    private static Arguments r2t(String name, int r2tSn, int offset, int length) {
        return Arguments.of(name, r2tSn, offset, length);
    }

    @ParameterizedTest(name = "an R2T {0}")
    @MethodSource("wrongR2ts")
    void wrongR2tsAreViolations(String name, int r2tSn, int offset, int length)
            throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[32768]).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.r2t(command, 1, 0, 512);
            peer.expectDataOut();
            peer.send(
                    r2t(peer, command, r2tSn, 0, 1),
                    new byte[0],
                    bhs -> bhs.putInt(40, offset).putInt(44, length));
            write.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void r2tsForUnsolicitedBytesAreViolations() throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with().immediateData().unsolicitedData().start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[16384]).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.expectDataOut();
            peer.r2t(command, 1, 4096, 4096);
            write.fails(ProtocolException.class);
            peer.expectClosed();
        }
    }

    @Test
    void moreR2tsThanAgreedAreAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.with().receiveBuffer(4096).start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[8 << 20]).on(session);
            ScsiCommand command = peer.expectCommand();
            int burst = 16384;
            var asking =
                    Background.run(() -> { // while the data is stuck in the initiator
                        for (int i = 0; i < 512; i++) {
                            peer.send(r2t(peer, command, i, i * burst, burst));
                        }
                    });
            assertThat(write.fails(ProtocolException.class)).hasMessageContaining("outstanding");
            asking.ends();
        }
    }

    @Test
    void anR2tForAReadIsAViolation() throws IscsiException {
        violates((peer, command) -> peer.r2t(command, 1, 0, 512));
    }

    @Test
    void anR2tForNoTaskIsAViolation() throws IscsiException {
        violates((peer, _) -> peer.send(r2t(peer, command(0x4242), 0, 0, 512)));
    }

    // ------------------------------------------------------------------------ tags and status

    @Test
    void aResponseForNoTaskIsAViolation() throws IscsiException {
        violates((peer, _) -> peer.status(command(0x7777), ScsiStatus.GOOD));
    }

    @Test
    void aResponseForTheReservedTagIsAViolation() throws IscsiException {
        violates((peer, _) -> peer.status(command(Bhs.RESERVED_TAG), ScsiStatus.GOOD));
    }

    @Test
    void dataForNoTaskIsAViolation() throws IscsiException {
        violates((peer, _) -> peer.dataIn(command(0x7777), 0, new byte[512]));
    }

    @Test
    void statusTwiceIsAViolation() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.dataInWithGood(command, 0, new byte[512]);
            read.succeeds();
            Io other = Io.read(512).on(session);
            peer.expectCommand();
            peer.good(command);
            other.fails(ProtocolException.class);
            assertThat(read.completions()).isEqualTo(1);
        }
    }

    @Test
    void statusTwiceForAWriteThatIsStillBeingSentIsAViolation() throws IscsiException {
        whileAWriteIsBeingSent((peer, command) -> {
            peer.status(command, ScsiStatus.BUSY);
            peer.status(command, ScsiStatus.BUSY);
        });
    }

    @Test
    void anR2tAfterTheStatusOfAWriteThatIsStillBeingSentIsAViolation() throws IscsiException {
        whileAWriteIsBeingSent((peer, command) -> {
            peer.status(command, ScsiStatus.TASK_ABORTED);
            peer.send(r2t(peer, command, 1, 4 << 20, 512));
        });
    }

    private static void whileAWriteIsBeingSent(Attack attack) throws IscsiException {
        try (ScriptedTarget target =
                        ScriptedTarget.with()
                                .receiveBuffer(4096)
                                .key(Key.MAX_BURST_LENGTH, 4 << 20)
                                .start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io write = Io.write(new byte[8 << 20]).conduct(Conduct.ONCE).on(session);
            ScsiCommand command = peer.expectCommand();
            peer.r2t(command, 1, 0, 4 << 20);
            attack.on(peer, command);
            Io other = Io.read(512).on(session);
            other.fails(ProtocolException.class);
            write.fails(IscsiException.class);
        }
    }

    @Test
    void answersThatNobodyAskedForAreViolations() throws IscsiException {
        violates((peer, command) ->
                peer.send(
                        new LogoutResponse(
                                LogoutResponse.Response.CLOSED,
                                command.initiatorTaskTag(),
                                peer.statSn(),
                                peer.expCmdSn(),
                                peer.maxCmdSn(),
                                0,
                                0)));
        violates((peer, command) ->
                peer.send(
                        new TaskManagementResponse(
                                TaskManagementResponse.Response.FUNCTION_COMPLETE,
                                command.initiatorTaskTag(),
                                peer.statSn(),
                                peer.expCmdSn(),
                                peer.maxCmdSn())));
        violates((peer, command) ->
                peer.send(
                        new TextResponse(
                                true,
                                false,
                                0,
                                0,
                                command.initiatorTaskTag(),
                                Bhs.RESERVED_TAG,
                                peer.statSn(),
                                peer.expCmdSn(),
                                peer.maxCmdSn())));
    }

    @Test
    void pdusOfAnInitiatorAreViolations() throws IscsiException {
        violates((peer, _) -> peer.send(nopIn(peer, 0), new byte[0], bhs -> bhs.put(0, (byte) 1)));
    }

    @Test
    void opcodesThatDoNotExistAreViolations() throws IscsiException {
        violates((peer, _) ->
                peer.send(nopIn(peer, 0), new byte[0], bhs -> bhs.put(0, (byte) 0x2a)));
    }

    @Test
    void additionalHeadersArePassedBy() throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            byte[] ping = peer.encoded(nopIn(peer, 0), new byte[0], bhs -> bhs.put(4, (byte) 255));
            peer.sendBytes(ping);
            peer.sendBytes(new byte[255 * 4]);
            peer.expectNothing();
            assertThat(session.isLoggedIn()).isTrue();
        }
    }

    private interface Attack {
        void on(ScriptedConnection peer, ScsiCommand command);
    }

    /** The session is over, for a command that is under way and for all that come. */
    private static void violates(Attack attack) throws IscsiException {
        try (ScriptedTarget target = ScriptedTarget.start();
                Session session = target.login()) {
            ScriptedConnection peer = target.connection();
            Io read = Io.read(512).on(session);
            attack.on(peer, peer.expectCommand());
            read.fails(ProtocolException.class);
            peer.expectClosed();
            Io.read(512).on(session).fails(ProtocolException.class);
            assertThat(target.accepted()).isEqualTo(1);
        }
    }

    private static NopIn nopIn(ScriptedConnection peer, int dataSegmentLength) {
        return new NopIn(
                dataSegmentLength,
                0,
                Bhs.RESERVED_TAG,
                Bhs.RESERVED_TAG,
                peer.statSn(),
                peer.expCmdSn(),
                peer.maxCmdSn());
    }

    private static R2t r2t(
            ScriptedConnection peer, ScsiCommand command, int r2tSn, int offset, int length) {
        return new R2t(
                command.lun(),
                command.initiatorTaskTag(),
                99,
                peer.statSn(),
                peer.expCmdSn(),
                peer.maxCmdSn(),
                r2tSn,
                offset,
                length);
    }
}
