// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.block.BlockRequest.Operation;
import org.lunlock.testkit.RamDevice;
import org.lunlock.testkit.Until;

/** What is special when a kernel mounts the export: one client, and a path that everybody sees. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class NfsForMountTest {
    private static final int OK = 0;
    private static final int IO = 5;
    private static final int READ_ONLY = 30;
    private static final int FATTR_BYTES = 84;

    private final RamDevice device = new RamDevice(1 << 20);
    private NfsExport export;
    private ScriptedClient client;
    private byte[] directory = {};
    private byte[] file = {};

    @BeforeEach
    void mount() throws Exception {
        export = NfsExport.forMount("v", device, () -> 0);
        client = new ScriptedClient(export.port());
        ByteBuffer mounted = client.call(Connection.PROGRAM_MOUNT, 3, 1, path());
        mounted.getLong(); // accepted, and OK
        directory = Xdr.opaque(mounted, 64);
        ByteBuffer name = handle(directory);
        Xdr.put(name, "disk");
        ByteBuffer found = client.nfs(Procedure.LOOKUP, name);
        assertThat(found.getInt()).isEqualTo(OK);
        file = Xdr.opaque(found, 64);
    }

    @AfterEach
    void close() throws Exception {
        client.close();
        export.close();
        device.close();
    }

    private ByteBuffer path() {
        ByteBuffer path = ScriptedClient.arguments();
        Xdr.put(path, export.path());
        return path;
    }

    private static ByteBuffer handle(byte[] handle) {
        ByteBuffer arguments = ScriptedClient.arguments();
        Xdr.put(arguments, handle);
        return arguments;
    }

    private ByteBuffer writing(byte... data) {
        ByteBuffer arguments = handle(file).putLong(0).putInt(data.length).putInt(0);
        Xdr.put(arguments, data);
        return arguments;
    }

    private int write(ScriptedClient writer, byte... data) throws Exception {
        return writer.nfs(Procedure.WRITE, writing(data)).getInt();
    }

    @Test
    void pathOpensNothingOnceItIsSealed() throws Exception {
        export.seal();
        ByteBuffer refused = client.call(Connection.PROGRAM_MOUNT, 3, 1, path());
        assertThat(refused.getInt(4)).as("NOENT").isEqualTo(2);
        assertThat(write(client, (byte) 1)).as("who has the handle goes on").isEqualTo(OK);
    }

    @Test
    void handlesCannotBeMadeOfThePath() {
        String secret = export.path().substring(1);
        assertThat(secret).hasSize(32);
        for (byte[] handle : new byte[][] {directory, file}) {
            assertThat(HexFormat.of().formatHex(handle)).doesNotContain(secret);
            assertThat(new String(handle, StandardCharsets.ISO_8859_1)).doesNotContain(secret);
        }
    }

    @Test
    void fileOfAReadOnlyDeviceLooksWritableAndIsNot() throws Exception {
        device.readOnly(true);
        close();
        mount();
        ByteBuffer access = client.nfs(Procedure.ACCESS, handle(file).putInt(5));
        assertThat(access.getInt()).isEqualTo(OK);
        access.position(access.position() + 4 + FATTR_BYTES);
        assertThat(access.getInt()).as("READ and MODIFY").isEqualTo(5);
        assertThat(write(client, (byte) 1)).isEqualTo(READ_ONLY);
    }

    @Test
    void afterRefuseEverythingFailsAtOnceAndTheConnectionStays() throws Exception {
        device.hold(); // asked for nothing any more, it can keep nobody waiting
        export.refuse();
        assertThat(write(client, (byte) 1)).isEqualTo(IO);
        ByteBuffer read = handle(file).putLong(0).putInt(8);
        assertThat(client.nfs(Procedure.READ, read).getInt()).isEqualTo(IO);
        ByteBuffer commit = handle(file).putLong(0).putInt(0);
        assertThat(client.nfs(Procedure.COMMIT, commit).getInt()).isEqualTo(IO);
        assertThat(client.nfs(Procedure.GETATTR, handle(file)).getInt()).isEqualTo(OK);
        assertThat(device.held()).isZero();
    }

    @Test
    void writeThatIsReadFromASupersededConnectionIsNotCarriedOut() throws Exception {
        try (ScriptedClient newer = new ScriptedClient(export.port())) {
            assertThat(write(newer, (byte) 2)).isEqualTo(OK);
            client.post(Connection.PROGRAM_NFS, Procedure.WRITE.number(), writing((byte) 1));
            assertThat(client.isAtEnd()).isTrue();
            assertThat(device.bytes().get(0)).isEqualTo((byte) 2);
            assertThat(device.count(Operation.WRITE)).isEqualTo(1);
        }
    }

    /** The first one was given up by its client; it must not land on top of the second. */
    @Test
    void writesThatOverlapReachTheDeviceOneAfterTheOther() throws Exception {
        device.hold();
        client.post(Connection.PROGRAM_NFS, Procedure.WRITE.number(), writing((byte) 1));
        Until.that("the first write is with the device", () -> device.held() == 1);
        try (ScriptedClient newer = new ScriptedClient(export.port())) {
            newer.post(Connection.PROGRAM_NFS, Procedure.WRITE.number(), writing((byte) 2));
            ByteBuffer elsewhere = handle(file).putLong(512).putInt(1).putInt(0);
            Xdr.put(elsewhere, new byte[] {3});
            newer.post(Connection.PROGRAM_NFS, Procedure.WRITE.number(), elsewhere);
            Until.that("the third write passes the second", () -> device.held() == 2);
            device.release();
            Until.that("the second write is done", () -> device.count(Operation.WRITE) == 3);
            assertThat(device.bytes().get(0)).isEqualTo((byte) 2);
        }
    }
}
