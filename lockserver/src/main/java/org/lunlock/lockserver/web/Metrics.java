// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.function.IntSupplier;
import org.lunlock.lockserver.model.Change;

/** Counts for Prometheus; names of volumes and hosts are not among them. From any thread. */
final class Metrics {
    static final String TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Counter requests =
            Counter.builder()
                    .name("lunlock_requests")
                    .help("Requests answered, by status.")
                    .labelNames("status")
                    .register(registry);
    private final Counter grants =
            Counter.builder().name("lunlock_grants").help("Locks granted.").register(registry);
    private final Counter endings =
            Counter.builder()
                    .name("lunlock_claims_ended")
                    .help("Claims that ended, by how: released, expired, forced.")
                    .labelNames("ending")
                    .register(registry);
    private final Histogram waited =
            Histogram.builder()
                    .name("lunlock_wait_seconds")
                    .help("From asking for a lock to having it.")
                    .classicOnly()
                    .classicUpperBounds(0.01, 0.1, 1, 10, 60, 600, 3600, 36_000)
                    .register(registry);

    Metrics(IntSupplier connections, IntSupplier waiting) {
        gauge("lunlock_connections", "Connections that are open.", connections);
        gauge("lunlock_long_polls", "Hosts that wait for an answer now.", waiting);
    }

    private void gauge(String name, String help, IntSupplier value) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .callback(it -> it.call(value.getAsInt()))
                .register(registry);
    }

    void answered(int status) {
        requests.labelValues(Integer.toString(status)).inc();
    }

    void committed(List<Change> changes, Instant now) {
        for (Change change : changes) {
            switch (change) {
                case Change.Queued _, Change.Heard _, Change.Renewed _ -> {}
                case Change.Granted granted -> {
                    grants.inc();
                    Duration time = Duration.between(granted.claim().claimedAt(), now);
                    waited.observe(Math.max(0, time.toMillis()) / 1000.0);
                }
                case Change.Ended ended ->
                        endings.labelValues(ended.ending().name().toLowerCase(Locale.ROOT)).inc();
            }
        }
    }

    byte[] text() {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            PrometheusTextFormatWriter.create().write(out, registry.scrape());
            return out.toByteArray();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
