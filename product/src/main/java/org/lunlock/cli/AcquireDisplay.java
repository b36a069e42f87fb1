// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lunlock.daemon.api.Elapsed;
import org.lunlock.daemon.api.Event;
import org.lunlock.daemon.api.Holder;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Wire;
import org.lunlock.posix.ControllingTerminal;

/**
 * Tells on standard error who has the volume while it is waited for: on a terminal in one line that
 * stays current, elsewhere in a line whenever the holder changes, with --json in an event a line.
 */
final class AcquireDisplay {
    private static final int COLUMNS = 80;

    private final Globals globals;
    private final boolean waits;
    private final Terminal terminal;
    private Event.@Nullable Wait waiting;
    private boolean lineIsOpen;

    AcquireDisplay(Globals globals, Request.Acquire request) {
        this.globals = globals;
        this.waits = !Long.valueOf(0).equals(request.waitMillis());
        this.terminal = Terminal.standardError(globals);
    }

    void show(Event event) {
        if (globals.json()) {
            if (!(event instanceof Event.Alive)) {
                terminal.line(Wire.json(event));
            }
            return;
        }
        switch (event) {
            case Event.Wait why -> wait(why);
            case Event.Step step -> {
                end();
                if (globals.verbose()) {
                    terminal.line(step.volume() + ": " + step.state());
                }
            }
            case Event.Acquired acquired -> {
                end();
                if (globals.verbose()) {
                    terminal.line(acquired.volume() + ": " + describe(acquired));
                }
            }
            case Event.Alive _, Event.EndCommand _, Event.Snapshot _ -> {}
        }
    }

    private void wait(Event.Wait now) {
        if (waits) {
            boolean changed = waiting == null || !sameReason(waiting, now);
            waiting = now;
            if (terminal.interactive()) {
                refresh();
            } else if (changed) {
                terminal.line(text(now));
            }
        }
    }

    private static String describe(Event.Acquired acquired) {
        String mounted =
                acquired.mountPoint() == null ? "" : " mounted on " + acquired.mountPoint();
        return acquired.device() + mounted + ", token " + acquired.token();
    }

    private static boolean sameReason(Event.Wait before, Event.Wait now) {
        if (before instanceof Event.Waiting one && now instanceof Event.Waiting other) {
            Holder was = one.holder();
            Holder is = other.holder();
            return was.host().equals(is.host())
                    && was.thisHost() == is.thisHost()
                    && Objects.equals(was.use(), is.use())
                    && Objects.equals(was.remark(), is.remark())
                    && one.ahead() == other.ahead();
        }
        return before.getClass() == now.getClass();
    }

    /** Brings the line up to date: times go on. To be called about once a second. */
    void refresh() {
        if (waiting != null && terminal.interactive() && !globals.json()) {
            String line = text(waiting) + " (Ctrl-C: do not wait)";
            int columns = ControllingTerminal.columns(COLUMNS) - 1;
            terminal.over(line.length() <= columns ? line : line.substring(0, columns));
            lineIsOpen = true;
        }
    }

    /** Ends the line that is written over, if there is one: something else will be said. */
    void end() {
        waiting = null;
        if (lineIsOpen) {
            terminal.over("");
            lineIsOpen = false;
        }
    }

    private static String text(Event.Wait why) {
        return switch (why) {
            case Event.Waiting held -> text(held);
            case Event.WaitingForLastHolder fresh ->
                    "waiting for %s: its target was just started, its last holder may come back for %s"
                            .formatted(
                                    fresh.volume(),
                                    Elapsed.text(Duration.ofMillis(fresh.atMostMillis())));
        };
    }

    private static String text(Event.Waiting event) {
        Holder holder = event.holder();
        StringBuilder text = new StringBuilder();
        text.append("waiting for ")
                .append(event.volume())
                .append(": held by ")
                .append(holder.describe());
        Long renewed = holder.renewedMillisAgo();
        if (renewed != null) {
            text.append(", renewed ")
                    .append(Elapsed.text(Duration.ofMillis(renewed)))
                    .append(" ago");
        }
        if (holder.remark() != null) {
            text.append(", ").append(holder.remark());
        }
        if (event.ahead() > 0) {
            text.append(", ").append(event.ahead()).append(" before this");
        }
        return text.toString();
    }
}
