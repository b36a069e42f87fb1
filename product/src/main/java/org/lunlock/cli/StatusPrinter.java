// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lunlock.daemon.api.Counters;
import org.lunlock.daemon.api.Elapsed;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.LeaseStatus;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Use;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.daemon.api.VolumeStatus;

/** The status for people: a table, or one volume in detail; again and again with rates. */
final class StatusPrinter {
    private final Terminal terminal;
    private final boolean detailed;
    private final Map<String, Counters> before = new HashMap<>();
    private long beforeNanos;

    StatusPrinter(Terminal terminal, boolean detailed) {
        this.terminal = terminal;
        this.detailed = detailed;
    }

    /** Prints over what was printed before, with what went on since then. */
    void printAgain(Result.StatusReport status) {
        long now = System.nanoTime();
        Duration since = Duration.ofNanos(now - beforeNanos);
        if (terminal.interactive()) {
            terminal.clear();
        }
        print(status, since);
        before.clear();
        for (VolumeStatus volume : status.volumes()) {
            if (volume.counters() != null) {
                before.put(volume.volume(), volume.counters());
            }
        }
        beforeNanos = now;
    }

    void print(Result.StatusReport status) {
        print(status, Duration.ZERO);
    }

    private void print(Result.StatusReport status, Duration since) {
        if (status.volumes().isEmpty()) {
            terminal.line("no volumes yet: lunlock volume add NAME iscsi://host/target-name/lun");
        } else if (detailed) {
            status.volumes().forEach(volume -> printDetails(volume, since));
        } else {
            printTable(status.volumes(), since);
        }
    }

    private void printTable(List<VolumeStatus> volumes, Duration since) {
        Table table = new Table("VOLUME", "STATE", "SINCE", "WHERE", "HELD BY", "RATES", "WAITING");
        for (VolumeStatus volume : volumes) {
            table.row(
                    terminal.bold(volume.volume()),
                    state(volume),
                    volume.state() == VolumeState.FREE ? "" : Elapsed.since(volume.since()),
                    where(volume),
                    heldBy(volume),
                    rates(volume, since),
                    volume.waiting().isEmpty() ? "" : Integer.toString(volume.waiting().size()));
        }
        table.print(terminal);
        for (VolumeStatus volume : volumes) {
            String problem = volume.problem();
            if (problem != null) {
                String whose = problem.startsWith(volume.volume()) ? "" : volume.volume() + ": ";
                terminal.line(whose + terminal.red(problem));
            }
        }
    }

    /** A volume that another host has is not free, even if nothing happens with it here. */
    private String state(VolumeStatus volume) {
        boolean elsewhere = volume.state() == VolumeState.FREE && volume.holder() != null;
        return elsewhere ? "held" : terminal.state(volume.state());
    }

    private static String where(VolumeStatus volume) {
        String at = volume.mountPoint() != null ? volume.mountPoint() : volume.device();
        return at == null ? "" : volume.readOnly() ? at + " (read-only)" : at;
    }

    private static String heldBy(VolumeStatus volume) {
        Holder holder = volume.holder();
        if (holder != null) {
            return holder.describe();
        }
        return volume.use() == null ? "" : volume.use().describe();
    }

    private void printDetails(VolumeStatus volume, Duration since) {
        List<String[]> pairs = new ArrayList<>();
        pairs.add(pair("volume", terminal.bold(volume.volume())));
        pairs.add(pair("url", volume.url()));
        pairs.add(pair("state", state(volume) + since(volume)));
        add(pairs, "mounted on", volume.mountPoint());
        add(pairs, "device", volume.device());
        if (volume.readOnly()) {
            pairs.add(pair("access", "read-only"));
        }
        add(pairs, "held by", heldBy(volume));
        add(pairs, "token", volume.token());
        LeaseStatus lease = volume.lease();
        if (lease != null) {
            pairs.add(pair("lease", lease(lease)));
        }
        Counters counters = volume.counters();
        if (counters != null) {
            pairs.add(pair("read", total(counters.reads(), counters.readBytes())));
            pairs.add(pair("written", total(counters.writes(), counters.writtenBytes())));
            pairs.add(pair("flushes", Long.toString(counters.flushes())));
            pairs.add(pair("errors", Long.toString(counters.errors())));
            pairs.add(pair("reconnects", Long.toString(counters.reinstatements())));
        }
        add(pairs, "rates", rates(volume, since));
        add(
                pairs,
                "waiting",
                volume.waiting().stream().map(Use::describe).collect(Collectors.joining(", ")));
        add(pairs, "problem", volume.problem() == null ? null : terminal.red(volume.problem()));
        Table.print(terminal, pairs.stream());
    }

    private static String since(VolumeStatus volume) {
        return volume.state() == VolumeState.FREE ? "" : " for " + Elapsed.since(volume.since());
    }

    private static String lease(LeaseStatus lease) {
        return "renewed %s ago, term %s%s"
                .formatted(
                        Elapsed.text(Duration.ofMillis(lease.renewedMillisAgo())),
                        Elapsed.text(Duration.ofMillis(lease.termMillis())),
                        lease.fenced() ? "" : ", UNFENCED");
    }

    private static String total(long count, long bytes) {
        return "%s in %d requests".formatted(Sizes.text(bytes), count);
    }

    /** Empty the first time: a rate needs two looks. */
    private String rates(VolumeStatus volume, Duration since) {
        Counters now = volume.counters();
        Counters then = before.get(volume.volume());
        if (now == null || then == null || since.isZero()) {
            return "";
        }
        return "read %s, write %s"
                .formatted(
                        rate(
                                now.readBytes() - then.readBytes(),
                                now.reads() - then.reads(),
                                now.readMicros() - then.readMicros(),
                                since),
                        rate(
                                now.writtenBytes() - then.writtenBytes(),
                                now.writes() - then.writes(),
                                now.writeMicros() - then.writeMicros(),
                                since));
    }

    private static String rate(long bytes, long requests, long micros, Duration since) {
        if (requests <= 0) {
            return "0";
        }
        double seconds = since.toNanos() / 1e9;
        return "%s/s (%.0f/s, %.1f ms)"
                .formatted(
                        Sizes.text((long) (bytes / seconds)),
                        requests / seconds,
                        micros / 1e3 / requests);
    }

    private static void add(List<String[]> pairs, String name, @Nullable Object value) {
        if (value != null && !value.equals("")) {
            pairs.add(pair(name, value.toString()));
        }
    }

    private static String[] pair(String name, String value) {
        return new String[] {name, value};
    }
}
