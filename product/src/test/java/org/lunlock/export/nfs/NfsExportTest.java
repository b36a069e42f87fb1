// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.iscsi.FencedException;
import org.lunlock.testkit.RamDevice;

/** What clients of all kinds hear, on a real socket. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NfsExportTest {
    private static final int CAPACITY = 3 << 20;
    private static final int MOUNT = Connection.PROGRAM_MOUNT;
    private static final int NFS = Connection.PROGRAM_NFS;
    private static final int OK = 0;
    private static final int FATTR_BYTES = 84;

    private final RamDevice device = new RamDevice(CAPACITY);
    private final AtomicLong losses = new AtomicLong();

    /** An export and one client of it, which has looked up the file. */
    private final class Served implements AutoCloseable {
        private final NfsExport export;
        private final ScriptedClient client;
        private final byte[] directory;
        private final byte[] file;

        Served() throws Exception {
            export = new NfsExport("v", device, losses::get);
            client = new ScriptedClient(export.port());
            ByteBuffer path = ScriptedClient.arguments();
            Xdr.put(path, export.path());
            ByteBuffer mounted = client.call(MOUNT, 3, 1, path);
            assertThat(mounted.getInt()).isEqualTo(OK); // accepted
            assertThat(mounted.getInt()).isEqualTo(OK);
            directory = Xdr.opaque(mounted, 64);
            ByteBuffer found = client.nfs(Procedure.LOOKUP, named(directory, "disk"));
            assertThat(found.getInt()).isEqualTo(OK);
            file = Xdr.opaque(found, 64);
        }

        ByteBuffer file() {
            return handle(file);
        }

        ByteBuffer write(long offset, int stable, byte... data) throws IOException {
            ByteBuffer arguments = file().putLong(offset).putInt(data.length).putInt(stable);
            Xdr.put(arguments, data);
            return client.nfs(Procedure.WRITE, arguments);
        }

        @Override
        public void close() throws IOException {
            client.close();
            export.close();
            device.close();
        }
    }

    private static ByteBuffer handle(byte[] handle) {
        ByteBuffer arguments = ScriptedClient.arguments();
        Xdr.put(arguments, handle);
        return arguments;
    }

    private static ByteBuffer named(byte[] directory, String name) {
        ByteBuffer arguments = handle(directory);
        Xdr.put(arguments, name);
        return arguments;
    }

    private static void skipAttributes(ByteBuffer results) {
        if (results.getInt() == 1) {
            results.position(results.position() + FATTR_BYTES);
        }
    }

    private static void skipWeakCacheConsistency(ByteBuffer results) {
        assertThat(results.getInt()).isZero();
        skipAttributes(results);
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        try (Served served = new Served()) {
            ByteBuffer written = served.write(1001, 0, new byte[] {1, 2, 3});
            assertThat(written.getInt()).isEqualTo(OK);
            skipWeakCacheConsistency(written);
            assertThat(written.getInt()).isEqualTo(3);
            assertThat(written.getInt()).as("committed: UNSTABLE").isZero();
            ByteBuffer read =
                    served.client.nfs(Procedure.READ, served.file().putLong(1000).putInt(5));
            assertThat(read.getInt()).isEqualTo(OK);
            skipAttributes(read);
            assertThat(read.getInt()).isEqualTo(5);
            assertThat(read.getInt()).as("eof").isZero();
            assertThat(Xdr.opaque(read, 5)).containsExactly(0, 1, 2, 3, 0);
            assertThat(read.hasRemaining()).isFalse();
        }
    }

    @Test
    void largestCallsGoThrough() throws Exception {
        try (Served served = new Served()) {
            byte[] data = new byte[1 << 20];
            data[0] = 1;
            data[data.length - 1] = 2;
            assertThat(served.write(CAPACITY - data.length, 0, data).getInt()).isEqualTo(OK);
            ByteBuffer read =
                    served.client.nfs(
                            Procedure.READ,
                            served.file().putLong(CAPACITY - data.length).putInt(-1));
            assertThat(read.getInt()).isEqualTo(OK);
            skipAttributes(read);
            assertThat(read.getInt()).isEqualTo(1 << 20);
            assertThat(read.getInt()).as("eof").isEqualTo(1);
            assertThat(Xdr.opaque(read, 1 << 20)).isEqualTo(data);
        }
    }

    @Test
    void commitAndStableWritesReachStableStorage() throws Exception {
        try (Served served = new Served()) {
            ByteBuffer stable = served.write(0, 2, new byte[8]);
            assertThat(stable.getInt()).isEqualTo(OK);
            skipWeakCacheConsistency(stable);
            assertThat(stable.getInt()).isEqualTo(8);
            assertThat(stable.getInt()).as("committed: FILE_SYNC").isEqualTo(2);
            assertThat(device.forcedWrites()).isEqualTo(1);
            assertThat(commit(served)).isEqualTo(stable.getLong());
            assertThat(device.count(Operation.FLUSH)).isEqualTo(1);
        }
    }

    private static long commit(Served served) throws IOException {
        ByteBuffer done = served.client.nfs(Procedure.COMMIT, served.file().putLong(0).putInt(0));
        assertThat(done.getInt()).isEqualTo(OK);
        skipWeakCacheConsistency(done);
        return done.getLong();
    }

    @Test
    void writeVerifierIsAnotherOneAfterALoss() throws Exception {
        try (Served served = new Served()) {
            long before = commit(served);
            assertThat(commit(served)).isEqualTo(before);
            losses.incrementAndGet();
            assertThat(commit(served)).isNotEqualTo(before);
        }
    }

    @Test
    void attributesNeverChange() throws Exception {
        try (Served served = new Served()) {
            ByteBuffer before = served.client.nfs(Procedure.GETATTR, served.file());
            assertThat(before.remaining()).isEqualTo(4 + FATTR_BYTES);
            assertThat(before.getLong(4 + 20)).isEqualTo(CAPACITY);
            served.write(0, 2, new byte[8]);
            assertThat(served.client.nfs(Procedure.GETATTR, served.file())).isEqualTo(before);
        }
    }

    @Test
    void whatDoesNotFitIsRefusedWhole() throws Exception {
        try (Served served = new Served()) {
            assertThat(served.write(CAPACITY - 4, 0, new byte[8]).getInt()).isEqualTo(28);
            assertThat(device.count(Operation.WRITE)).isZero();
            ByteBuffer past =
                    served.client.nfs(Procedure.READ, served.file().putLong(CAPACITY).putInt(8));
            assertThat(past.getInt()).isEqualTo(OK);
            skipAttributes(past);
            assertThat(past.getLong()).as("no bytes, eof").isEqualTo(1);
            ByteBuffer resize = served.file().putInt(0).putInt(0).putInt(0).putInt(1).putLong(5);
            assertThat(served.client.nfs(Procedure.SETATTR, resize).getInt()).isEqualTo(22);
        }
    }

    @Test
    void failureOfTheDeviceIsAnError() throws Exception {
        device.fail(Operation.WRITE, new FencedException("another host has it"));
        try (Served served = new Served()) {
            assertThat(served.write(0, 0, new byte[8]).getInt()).isEqualTo(5);
        }
    }

    @Test
    void readOnlyDeviceIsNotChanged() throws Exception {
        device.readOnly(true);
        try (Served served = new Served()) {
            assertThat(served.write(0, 0, new byte[8]).getInt()).isEqualTo(30);
            long _ = commit(served);
            assertThat(device.count(Operation.FLUSH)).isZero();
        }
    }

    /** READ, MODIFY, EXTEND: Linux takes the last two for one, and writes only with both. */
    @Test
    void accessTellsWhoMayWrite() throws Exception {
        assertThat(access()).isEqualTo(1 | 4 | 8);
        device.readOnly(true);
        assertThat(access()).isEqualTo(1);
    }

    private int access() throws Exception {
        try (Served served = new Served()) {
            ByteBuffer answer = served.client.nfs(Procedure.ACCESS, served.file().putInt(0x3f));
            assertThat(answer.getInt()).isEqualTo(OK);
            skipAttributes(answer);
            return answer.getInt();
        }
    }

    @Test
    void nobodyGetsInWithoutTheSecretOrAsAnotherUser() throws Exception {
        try (Served served = new Served()) {
            ByteBuffer path = ScriptedClient.arguments();
            Xdr.put(path, "/" + "0".repeat(32));
            assertThat(served.client.call(MOUNT, 3, 1, path).getInt(4)).isEqualTo(2);
            byte[] guessed = served.file.clone();
            guessed[0]++;
            ByteBuffer attributes = served.client.nfs(Procedure.GETATTR, handle(guessed));
            assertThat(attributes.getInt()).isEqualTo(70);
            served.client.userId = 12345;
            ByteBuffer denied = served.client.exchange(NFS, 3, 1, served.file());
            assertThat(denied.getInt()).as("MSG_DENIED").isEqualTo(1);
            assertThat(denied.getInt()).as("AUTH_ERROR").isEqualTo(1);
        }
    }

    @Test
    void directoryHasTheFileAndTakesNoOther() throws Exception {
        try (Served served = new Served()) {
            ByteBuffer entries =
                    served.client.nfs(
                            Procedure.READDIR,
                            handle(served.directory).putLong(0).putLong(0).putInt(4096));
            assertThat(entries.getInt()).isEqualTo(OK);
            skipAttributes(entries);
            entries.getLong();
            for (String name : new String[] {".", "..", "disk"}) {
                assertThat(entries.getInt()).isEqualTo(1);
                entries.getLong();
                assertThat(Xdr.string(entries, 255)).isEqualTo(name);
                entries.getLong();
            }
            assertThat(entries.getLong()).as("no more, and that was all").isEqualTo(1);
            ByteBuffer other = served.client.nfs(Procedure.LOOKUP, named(served.directory, "x"));
            assertThat(other.getInt()).isEqualTo(2);
            ByteBuffer create = named(served.directory, "x").putInt(0).putLong(0).putLong(0);
            assertThat(served.client.nfs(Procedure.CREATE, create).getInt()).isEqualTo(13);
        }
    }

    @ParameterizedTest
    @CsvSource({"100001, 3, 0, 1", "100003, 4, 0, 2", "100003, 3, 99, 3", "100003, 3, 1, 4"})
    void callsOfWhatIsNotThereAreAnswered(int program, int version, int procedure, int status)
            throws Exception {
        try (Served served = new Served()) {
            ByteBuffer handle = procedure == 99 ? served.file() : ScriptedClient.arguments();
            assertThat(served.client.call(program, version, procedure, handle).getInt())
                    .isEqualTo(status);
        }
    }

    @ParameterizedTest
    @CsvSource({"0x00000028", "0x80200000", "0xffffffff"})
    void whoBreaksTheProtocolIsDropped(String mark) throws Exception {
        try (Served served = new Served()) {
            int wrong = Long.decode(mark).intValue();
            served.client.send(ByteBuffer.allocate(64).putInt(wrong).rewind());
            assertThat(served.client.isAtEnd()).isTrue();
        }
    }
}
