// SPDX-License-Identifier: Apache-2.0
package org.lunlock.demo;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** What happens, a line each, with the seconds since the beginning. Thread-safe. */
final class Timeline {
    private final PrintStream out;
    private final boolean styled;
    private final boolean ticks;
    private final long startNanos = System.nanoTime();

    Timeline(PrintStream out, boolean styled) {
        this.out = out;
        this.styled = styled;
        this.ticks = out.charset().newEncoder().canEncode('✓');
    }

    /** A new part of the story. */
    synchronized void chapter(String title) {
        out.println();
        out.println(styled ? "\u001b[1m" + title + "\u001b[0m" : title);
    }

    /** Something happened. */
    void event(String text) {
        line(" ", text);
    }

    /** Something that had to hold does. */
    void holds(String text) {
        mark("32", ticks ? "✓" : "+", text);
    }

    /** Something that had to hold does not. */
    void fails(String text) {
        mark("31", ticks ? "✗" : "!", text);
    }

    private void mark(String colour, String mark, String text) {
        line(styled ? "\u001b[" + colour + "m" + mark + "\u001b[0m" : mark, text);
    }

    private synchronized void line(String mark, String text) {
        out.printf(Locale.ROOT, "%7.1f s %s %s%n", elapsed().toMillis() / 1000.0, mark, text);
    }

    Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - startNanos);
    }
}
