// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.export.nbd.ScriptedClient.OptionReply;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Until;

/** What clients of all kinds hear, on a real socket. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NbdExportTest {
    private static final int CAPACITY = 4 << 20;
    private static final int FUA = Protocol.CMD_FLAG_FUA;

    @TempDir Path directory;
    private final RamDevice device = new RamDevice(CAPACITY);

    /** An export and one client of it; nothing is left of them in the end. */
    private final class Served implements AutoCloseable {
        private final Path socket = directory.resolve("s");
        private final NbdExport export;
        private final ScriptedClient client;

        Served() throws Exception {
            export = new NbdExport(new NbdAddress.Unix(socket), "v", device, null);
            client = client();
        }

        Served(ReplyFormat format) throws Exception {
            this();
            client.go(format);
        }

        ScriptedClient client() throws IOException {
            return new ScriptedClient(socket);
        }

        @Override
        public void close() throws IOException {
            client.close();
            export.close();
            device.close();
            assertThat(Files.exists(socket)).isFalse();
            Await.until(
                    "no thread is left",
                    Duration.ofSeconds(20),
                    () ->
                            Thread.getAllStackTraces().keySet().stream()
                                    .noneMatch(thread -> thread.getName().startsWith("nbd-v")));
        }
    }

    @Test
    void onlyTheOwnerMayUseTheSocket() throws Exception {
        try (Served served = new Served()) {
            var permissions = Files.getPosixFilePermissions(served.socket);
            assertThat(PosixFilePermissions.toString(permissions)).isEqualTo("rw-------");
            assertThat(served.export.uri()).isEqualTo("nbd+unix:///v?socket=" + served.socket);
        }
    }

    @Test
    void socketOfADeadServerIsReplacedAndThatOfALivingOneIsNot() throws Exception {
        try (Served served = new Served()) {
            NbdAddress taken = new NbdAddress.Unix(served.socket);
            assertThatThrownBy(() -> new NbdExport(taken, "w", device, null))
                    .hasMessageContaining("somebody listens there already");
            Path stale = directory.resolve("stale");
            try (var dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
                dead.bind(UnixDomainSocketAddress.of(stale));
            }
            new NbdExport(new NbdAddress.Unix(stale), "v", device, null).close();
            assertThat(Files.exists(stale)).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(ReplyFormat.class)
    void whatIsWrittenIsRead(ReplyFormat format) throws Exception {
        try (Served served = new Served(format)) {
            ScriptedClient client = served.client;
            client.send(format, Command.WRITE.code(), FUA, 1001, 3, new byte[] {7, 8, 9});
            assertThat(client.reply(format, 0).error()).isZero();
            assertThat(device.forcedWrites()).isEqualTo(1);
            client.send(format, Command.READ.code(), 0, 1000, 5);
            ByteBuffer expected = ByteBuffer.wrap(new byte[] {0, 7, 8, 9, 0});
            assertThat(client.reply(format, 5).payload()).isEqualTo(expected);
            client.send(format, Command.FLUSH.code(), 0, 0, 0);
            assertThat(client.reply(format, 0).error()).isZero();
            assertThat(device.count(Operation.FLUSH)).isEqualTo(1);
        }
    }

    private static void assertRefused(
            Served served, ReplyFormat format, int type, int flags, long[] range, int error)
            throws IOException {
        served.client.send(format, type, flags, range[0], range[1]);
        assertThat(served.client.reply(format, 0).error()).isEqualTo(error);
    }

    private static long[] range(long offset, long length) {
        return new long[] {offset, length};
    }

    @ParameterizedTest
    @EnumSource(ReplyFormat.class)
    void requestsThatCannotBeDoneAreRefusedWholeAndTheNextOnesAreServed(ReplyFormat format)
            throws Exception {
        int read = Command.READ.code();
        int zero = Command.WRITE_ZEROES.code();
        int slow = Protocol.CMD_FLAG_FAST_ZERO | Protocol.CMD_FLAG_NO_HOLE;
        try (Served served = new Served(format)) {
            assertRefused(served, format, read, 0, range(CAPACITY - 1, 2), 22);
            assertRefused(served, format, read, 0, range(-1, 2), 22);
            assertRefused(served, format, read, 0, range(0, 0), 22);
            assertRefused(served, format, read, 0, range(0, (32 << 20) + 1), 75);
            assertRefused(served, format, read, 1 << 9, range(0, 1), 22);
            assertRefused(served, format, 99, 0, range(0, 1), 22);
            assertRefused(served, format, Command.TRIM.code(), 0, range(CAPACITY, 1), 22);
            assertRefused(served, format, zero, 0, range(CAPACITY, 1), 28);
            assertRefused(served, format, zero, slow, range(0, 1), 95);
            served.client.send(format, Command.WRITE.code(), 0, CAPACITY - 1, 2, new byte[2]);
            assertThat(served.client.reply(format, 0).error()).isEqualTo(28);
            assertThat(device.count(Operation.WRITE)).isZero();
            served.client.send(format, read, 0, 0, 1);
            assertThat(served.client.reply(format, 1).error()).isZero();
        }
    }

    @Test
    void zeroesAndDiscardsReachTheDeviceAndAreFlushedWhenForced() throws Exception {
        ReplyFormat format = ReplyFormat.EXTENDED;
        try (Served served = new Served(format)) {
            device.bytes().put(5, (byte) 1);
            served.client.send(format, Command.WRITE_ZEROES.code(), FUA, 0, 64);
            assertThat(served.client.reply(format, 0).error()).isZero();
            assertThat(device.bytes().get(5)).isZero();
            assertThat(device.count(Operation.FLUSH)).isEqualTo(1);
            served.client.send(format, Command.TRIM.code(), 0, 64, 64);
            assertThat(served.client.reply(format, 0).error()).isZero();
            assertThat(device.count(Operation.DISCARD)).isEqualTo(1);
            assertThat(device.count(Operation.FLUSH)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ReplyFormat.class,
            names = {"STRUCTURED", "EXTENDED"})
    void blockStatusTellsWhatTheDeviceKnows(ReplyFormat format) throws Exception {
        try (Served served = new Served(format)) {
            served.client.send(format, Command.BLOCK_STATUS.code(), 0, 10, 1000);
            ByteBuffer status = served.client.reply(format, 0).payload();
            assertThat(status.getInt()).isEqualTo(Handshake.ALLOCATION_CONTEXT);
            if (format == ReplyFormat.EXTENDED) {
                assertThat(status.getInt()).isEqualTo(1);
                assertThat(status.getLong()).isEqualTo(1000);
                assertThat(status.getLong()).isZero();
            } else {
                assertThat(status.getInt()).isEqualTo(1000);
                assertThat(status.getInt()).isZero();
            }
            assertThat(status.hasRemaining()).isFalse();
        }
    }

    @Test
    void blockStatusWithoutItsContextIsRefused() throws Exception {
        ReplyFormat format = ReplyFormat.SIMPLE;
        try (Served served = new Served(format)) {
            assertRefused(served, format, Command.BLOCK_STATUS.code(), 0, range(0, 512), 22);
        }
    }

    @Test
    void readOnlyDeviceIsShownAsOneAndNotChanged() throws Exception {
        device.readOnly(true);
        ReplyFormat format = ReplyFormat.SIMPLE;
        try (Served served = new Served()) {
            int flags = served.client.go(format);
            assertThat(flags & Protocol.FLAG_READ_ONLY).isNotZero();
            assertThat(flags & Protocol.FLAG_SEND_TRIM).isZero();
            served.client.send(format, Command.WRITE.code(), 0, 0, 2, new byte[2]);
            assertThat(served.client.reply(format, 0).error()).isEqualTo(1);
            assertRefused(served, format, Command.WRITE_ZEROES.code(), 0, range(0, 512), 1);
            served.client.send(format, Command.FLUSH.code(), 0, 0, 0);
            assertThat(served.client.reply(format, 0).error()).isZero();
        }
    }

    @Test
    void failureOfTheDeviceIsToldAndALostLockIsPermissionDenied() throws Exception {
        ReplyFormat format = ReplyFormat.STRUCTURED;
        device.fail(Operation.WRITE, new FencedException("another host has it"))
                .fail(Operation.READ, new IOException("unplugged"));
        try (Served served = new Served(format)) {
            served.client.send(format, Command.WRITE.code(), 0, 0, 2, new byte[2]);
            assertThat(served.client.reply(format, 0).error()).isEqualTo(1);
            assertRefused(served, format, Command.READ.code(), 0, range(0, 512), 5);
        }
    }

    @Test
    void oldClientNamesTheExportAndGoesOn() throws Exception {
        try (Served served = new Served()) {
            ScriptedClient client = served.client.flags(Protocol.FLAG_FIXED_NEWSTYLE);
            client.sendOption(Option.EXPORT_NAME.code(), "v".getBytes(UTF_8));
            assertThat(ByteBuffer.wrap(client.take(10 + 124)).getLong()).isEqualTo(CAPACITY);
            client.send(ReplyFormat.SIMPLE, Command.READ.code(), 0, 0, 1);
            assertThat(client.reply(ReplyFormat.SIMPLE, 1).error()).isZero();
        }
    }

    @Test
    void optionsThatAreWrongAreRefusedAndTheNextOnesAreServed() throws Exception {
        try (Served served = new Served()) {
            ScriptedClient client = served.client.flags(Protocol.FLAG_FIXED_NEWSTYLE);
            assertThat(client.handshakeFlags).isEqualTo(3);
            assertType(client.option(77), Protocol.REP_ERR_UNSUP);
            assertType(client.option(Option.STARTTLS.code()), Protocol.REP_ERR_POLICY);
            assertType(client.option(Option.LIST.code(), (byte) 1), Protocol.REP_ERR_INVALID);
            byte[] other = ScriptedClient.named("w");
            assertType(client.option(Option.INFO.code(), other), Protocol.REP_ERR_UNKNOWN);
            byte[] cut = {0, 0, 9, 9, 1};
            assertType(client.option(Option.GO.code(), cut), Protocol.REP_ERR_INVALID);
            byte[] set = ScriptedClient.contexts("v", Protocol.BASE_ALLOCATION);
            assertType(
                    client.option(Option.SET_META_CONTEXT.code(), set), Protocol.REP_ERR_INVALID);
            assertType(client.option(Option.LIST.code(), new byte[9000]), Protocol.REP_ERR_TOO_BIG);
            assertType(client.option(Option.EXTENDED_HEADERS.code()), Protocol.REP_ACK);
            assertType(
                    client.option(Option.STRUCTURED_REPLY.code()),
                    Protocol.REP_ERR_EXT_HEADER_REQD);
            OptionReply entry = client.option(Option.LIST.code());
            assertType(entry, Protocol.REP_SERVER);
            assertThat(entry.data().getInt()).isEqualTo(1);
            assertThat(entry.data().get()).isEqualTo((byte) 'v');
            assertType(client.optionReply(Option.LIST.code()), Protocol.REP_ACK);
            assertType(client.option(Option.ABORT.code()), Protocol.REP_ACK);
            assertThat(client.isAtEnd()).isTrue();
        }
    }

    private static void assertType(OptionReply reply, int type) {
        assertThat(reply.type()).isEqualTo(type);
    }

    @ParameterizedTest
    @CsvSource({"0", "0x21e41c71", "0x25609512"})
    void whoBreaksTheProtocolIsDropped(String magic) throws Exception {
        try (Served served = new Served(ReplyFormat.SIMPLE)) {
            int wrong = Long.decode(magic).intValue();
            served.client.sendRaw(ByteBuffer.allocate(28).putInt(wrong).array());
            assertThat(served.client.isAtEnd()).isTrue();
        }
    }

    @Test
    void writeThatIsTooLongIsNotEvenRead() throws Exception {
        ReplyFormat format = ReplyFormat.SIMPLE;
        try (Served served = new Served(format)) {
            served.client.send(format, Command.WRITE.code(), 0, 0, (32 << 20) + 1);
            assertThat(served.client.isAtEnd()).isTrue();
        }
    }

    @Test
    void clientThatTakesNoRepliesDoesNotHoldUpOthers() throws Exception {
        ReplyFormat format = ReplyFormat.SIMPLE;
        int mebibyte = 1 << 20;
        try (Served served = new Served(format);
                ScriptedClient other = served.client()) {
            other.go(format);
            for (int i = 0; i < 8; i++) {
                served.client.send(format, Command.READ.code(), 0, 0, mebibyte);
            }
            Until.that("all are done", () -> device.count(Operation.READ) == 8);
            other.send(format, Command.READ.code(), 0, 0, 2 << 20);
            assertThat(other.reply(format, 2 << 20).payload().remaining()).isEqualTo(2 << 20);
            for (int i = 0; i < 8; i++) {
                assertThat(served.client.reply(format, mebibyte).payload().remaining())
                        .isEqualTo(mebibyte);
            }
        }
    }

    @Test
    void requestsUnderWayAreAnsweredBeforeAGoodbye() throws Exception {
        ReplyFormat format = ReplyFormat.SIMPLE;
        device.hold();
        try (Served served = new Served(format)) {
            served.client.send(format, Command.READ.code(), 0, 0, 512);
            served.client.send(format, Command.DISCONNECT.code(), 0, 0, 0);
            Until.that("the read is with the device", () -> device.held() == 1);
            device.release();
            assertThat(served.client.reply(format, 512).error()).isZero();
            assertThat(served.client.isAtEnd()).isTrue();
        }
    }

    @Test
    void clientThatDiesLeavesNothingBehind() throws Exception {
        ReplyFormat format = ReplyFormat.SIMPLE;
        device.hold();
        try (Served served = new Served(format)) {
            for (int i = 0; i < 40; i++) {
                served.client.send(format, Command.READ.code(), 0, 0, 512);
            }
            Until.that("every slot is in use", () -> device.held() == 32);
            served.client.close();
            device.release();
            try (ScriptedClient next = served.client()) {
                next.go(format);
                for (int i = 0; i < 40; i++) {
                    next.send(format, Command.READ.code(), 0, 0, 512);
                    assertThat(next.reply(format, 512).error()).isZero();
                }
            }
        }
    }
}
