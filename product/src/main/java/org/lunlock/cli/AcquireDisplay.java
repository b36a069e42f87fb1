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
    private Event.@Nullable Waiting waiting;
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
            case Event.Waiting _ when !waits -> {}
            case Event.Waiting now -> {
                boolean changed = waiting == null || !sameHolder(waiting, now);
                waiting = now;
                if (terminal.interactive()) {
                    refresh();
                } else if (changed) {
                    terminal.line(text(now));
                }
            }
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

    private static String describe(Event.Acquired acquired) {
        String mounted =
                acquired.mountPoint() == null ? "" : " mounted on " + acquired.mountPoint();
        return acquired.device() + mounted + ", token " + acquired.token();
    }

    private static boolean sameHolder(Event.Waiting before, Event.Waiting now) {
        Holder was = before.holder();
        Holder is = now.holder();
        return was.host().equals(is.host())
                && was.thisHost() == is.thisHost()
                && Objects.equals(was.use(), is.use())
                && before.ahead() == now.ahead();
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
        if (event.ahead() > 0) {
            text.append(", ").append(event.ahead()).append(" before this");
        }
        return text.toString();
    }
}
