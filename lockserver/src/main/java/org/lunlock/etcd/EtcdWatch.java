// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import static java.lang.System.Logger.Level.DEBUG;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.Messages.StreamedWatch;
import org.lunlock.etcd.Messages.WatchCreateRequest;
import org.lunlock.etcd.Messages.WatchRequest;
import org.lunlock.etcd.Messages.WatchResponse;
import tools.jackson.core.JacksonException;

/**
 * Reads what changes below a prefix, in a virtual thread. A stream that ends, or is silent for
 * long, is opened again at another member, from where it was.
 */
public final class EtcdWatch implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.etcd");

    /** A member that hangs says nothing; nor does one where nothing changes. */
    private static final Duration SILENCE_MAX = Duration.ofSeconds(10);

    private static final Duration PAUSE = Duration.ofMillis(200);

    /** Hears in the watch's thread. */
    public interface Listener {
        /** What changed; a key that was removed has a create revision of 0. */
        void changed(List<KeyValue> keys);

        /** etcd does not know any more what changed: everything has to be read again. */
        void lost();
    }

    private final Gateway gateway;
    private final Range range;
    private final Listener listener;
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile long heardNanos = System.nanoTime();
    private volatile @Nullable InputStream stream;
    private long next; // in the thread

    EtcdWatch(Gateway gateway, Range range, long after, Listener listener) {
        this.gateway = gateway;
        this.range = range;
        this.listener = listener;
        this.next = after + 1;
        Thread.ofVirtual().name("etcd-watch").start(this::run);
    }

    private void run() {
        try {
            for (int attempt = 0; closed.getCount() > 0; attempt++) {
                try {
                    read(attempt);
                } catch (IOException | EtcdException | JacksonException e) {
                    LOG.log(DEBUG, "watching again: {0}", e.toString());
                }
                if (closed.await(PAUSE.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void read(int attempt) throws IOException, EtcdException {
        WatchCreateRequest from =
                new WatchCreateRequest(Range.bytes(range.from()), Range.bytes(range.end()), next);
        try (InputStream in = gateway.stream(attempt, "/v3/watch", new WatchRequest(from));
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            heardNanos = System.nanoTime();
            stream = in;
            String line = lines.readLine();
            while (line != null && closed.getCount() > 0) {
                heardNanos = System.nanoTime();
                hear(Messages.read(line.getBytes(StandardCharsets.UTF_8), StreamedWatch.class));
                line = lines.readLine();
            }
        } finally {
            stream = null;
        }
    }

    private void hear(StreamedWatch line) throws IOException {
        WatchResponse response = line.result();
        if (response == null) {
            throw new IOException("the stream ended: " + line.error());
        }
        if (response.canceled()) {
            if (response.compactRevision() > 0) {
                next = response.compactRevision();
                listener.lost();
            }
            throw new IOException("the watch was cancelled: " + response);
        }
        List<Messages.Event> events = response.events();
        if (events != null && !events.isEmpty()) {
            List<KeyValue> changed = events.stream().map(it -> KeyValue.of(it.kv())).toList();
            next = changed.getLast().modRevision() + 1;
            listener.changed(changed);
        }
    }

    /** Leaves a member that was silent for long. Call it now and then. */
    public void tend() {
        if (System.nanoTime() - heardNanos > SILENCE_MAX.toNanos()) {
            heardNanos = System.nanoTime();
            end();
        }
    }

    private void end() {
        InputStream open = stream;
        try {
            if (open != null) {
                open.close();
            }
        } catch (IOException e) {
            LOG.log(DEBUG, "ending a watch", e);
        }
    }

    @Override
    public void close() {
        closed.countDown();
        end();
    }
}
