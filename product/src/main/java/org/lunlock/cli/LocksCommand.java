// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Elapsed;
import org.lunlock.daemon.api.Failure;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.LockStatus;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.Use;
import org.lunlock.daemon.api.Wire;
import picocli.CommandLine.Command;

/** {@code locks}. */
@Command(name = "locks", header = "Ask the targets who holds every volume.")
final class LocksCommand implements Callable<Integer> {
    private final Globals globals;

    LocksCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        Result result = DaemonClient.ask(globals, new Request.Locks(), _ -> {});
        if (!(result instanceof Result.LockReport report)) {
            throw new IllegalStateException("locks were asked for: " + result);
        }
        Terminal output = Terminal.standardOutput(globals);
        if (globals.json()) {
            output.line(Wire.json(report));
        } else {
            print(report, output);
        }
        return exitStatus(report);
    }

    private static void print(Result.LockReport report, Terminal output) {
        Table table = new Table("VOLUME", "HOLDER", "SINCE", "RENEWED", "TOKEN", "WAITING");
        for (LockStatus lock : report.locks()) {
            Holder holder = lock.holder();
            table.row(
                    output.bold(lock.volume()),
                    holder(lock),
                    holder == null || holder.since() == null ? "" : Elapsed.since(holder.since()),
                    renewed(holder),
                    lock.token() == null ? "" : lock.token().toString(),
                    waiting(lock));
        }
        table.print(output);
        for (LockStatus lock : report.locks()) {
            Failure failure = lock.failure();
            if (failure != null) {
                output.line(lock.volume() + ": " + output.red(failure.message()));
            }
            if (lock.serverFailure() != null) {
                output.line(
                        "%s: the lock server tells nothing: %s"
                                .formatted(lock.volume(), output.red(lock.serverFailure())));
            }
        }
    }

    private static String holder(LockStatus lock) {
        Holder holder = lock.holder();
        if (lock.failure() != null) {
            return "unknown";
        }
        if (!lock.readers().isEmpty()) {
            return lock.readers().stream()
                            .map(LocksCommand::name)
                            .distinct()
                            .collect(Collectors.joining(", "))
                    + " (read-only)";
        }
        if (holder == null) {
            return "free";
        }
        return lock.fenced() ? name(holder) : name(holder) + ", UNFENCED";
    }

    private static String name(Holder holder) {
        return holder.host() + (holder.thisHost() ? " (this host)" : "");
    }

    private static String renewed(@Nullable Holder holder) {
        Long millis = holder == null ? null : holder.renewedMillisAgo();
        return millis == null ? "" : Elapsed.text(Duration.ofMillis(millis)) + " ago";
    }

    private static String waiting(LockStatus lock) {
        return Stream.concat(
                        lock.waitingHosts().stream(), lock.waiting().stream().map(Use::describe))
                .collect(Collectors.joining(", "));
    }

    /** Fails only when no target told anything. */
    private static int exitStatus(Result.LockReport report) {
        boolean none =
                !report.locks().isEmpty()
                        && report.locks().stream().allMatch(lock -> lock.failure() != null);
        Failure first = none ? report.locks().getFirst().failure() : null;
        return first == null ? ExitCode.OK.code() : first.exit();
    }
}
