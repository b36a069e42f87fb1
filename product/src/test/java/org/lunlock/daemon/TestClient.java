// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.Call;
import org.lunlock.daemon.api.Choice;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.LineChannel;
import org.lunlock.daemon.api.Note;
import org.lunlock.daemon.api.Reply;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.VolumeStatus;
import org.lunlock.daemon.api.Wire;

/** A command line that does what a test tells it. The test's own time-out ends its waits. */
final class TestClient implements AutoCloseable {
    private static final long TIMEOUT_MILLIS = 30_000;

    private final Path socket;
    private final SocketChannel channel;
    private final LineChannel lines;

    TestClient(Path socket) throws IOException {
        this.socket = socket;
        this.channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(UnixDomainSocketAddress.of(socket));
        this.lines = new LineChannel(channel, Wire.REPLY_BYTES_MAX);
    }

    static Request.Run run() {
        return new Request.Run("backup", false, true, null, new Asker(4242, "rsync"), Choice.NONE);
    }

    static Request.Run run(long waitMillis) {
        return new Request.Run(
                "backup", false, true, waitMillis, new Asker(4242, "rsync"), Choice.NONE);
    }

    static Request.Mount mount() {
        return new Request.Mount("backup", false, null, new Asker(4243, null), Choice.NONE);
    }

    /** One request on a connection of its own: its last reply. */
    static Reply ask(Path socket, Request request) throws Exception {
        try (TestClient client = new TestClient(socket)) {
            return client.call(request).last();
        }
    }

    static VolumeStatus status(Path socket) throws Exception {
        Result.StatusReport report =
                (Result.StatusReport) ask(socket, new Request.Status("backup", false));
        return report.volumes().getFirst();
    }

    TestClient call(Request request) throws IOException {
        lines.write(new Call(Wire.API, TIMEOUT_MILLIS, request));
        return this;
    }

    void tell(Note note) throws IOException {
        lines.write(note);
    }

    void raw(String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    void halfClose() throws IOException {
        channel.shutdownOutput();
    }

    Reply next() throws Exception {
        byte[] line = lines.read();
        assertThat(line).as("one more line from the daemon at " + socket).isNotNull();
        return Wire.reply(Objects.requireNonNull(line));
    }

    /** Reads until an event of this kind. */
    <T extends Event> T await(Class<T> kind) throws Exception {
        Reply reply = next();
        while (!kind.isInstance(reply)) {
            assertThat(reply).as("an event before " + kind).isInstanceOf(Event.class);
            reply = next();
        }
        return kind.cast(reply);
    }

    /** Reads until the result or the failure. */
    Reply last() throws Exception {
        Reply reply = next();
        while (reply instanceof Event) {
            reply = next();
        }
        return reply;
    }

    void assertFails(int exit, String... words) throws Exception {
        Reply reply = last();
        assertThat(reply).isInstanceOf(Failure.class);
        Failure failure = (Failure) reply;
        assertThat(failure.message()).contains(words);
        assertThat(failure.exit()).as(failure.message()).isEqualTo(exit);
    }

    @Override
    public void close() {
        lines.close();
    }
}
