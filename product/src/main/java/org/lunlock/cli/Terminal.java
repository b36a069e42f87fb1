// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.lunlock.daemon.api.VolumeState;
import org.lunlock.posix.ControllingTerminal;
import org.lunlock.volume.Finding;

/** Standard output or standard error, and whether a person looks at it. */
final class Terminal {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

    /** Select Graphic Rendition, the only sequences that are used in here. */
    private static final Pattern STYLE = Pattern.compile("\u001b\\[[0-9;]*m");

    private static final String RED = "31";
    private static final String GREEN = "32";
    private static final String YELLOW = "33";
    private static final String BOLD = "1";
    private static final String DIM = "2";

    private final PrintStream stream;
    private final boolean interactive;
    private final boolean styled;

    private Terminal(PrintStream stream, boolean interactive, boolean styled) {
        this.stream = stream;
        this.interactive = interactive;
        this.styled = styled;
    }

    static Terminal standardOutput(Globals globals) {
        return of(System.out, 1, globals);
    }

    static Terminal standardError(Globals globals) {
        return of(System.err, 2, globals);
    }

    /** What nobody looks at. */
    static Terminal plain(PrintStream stream) {
        return new Terminal(stream, false, false);
    }

    private static Terminal of(PrintStream stream, int descriptor, Globals globals) {
        boolean interactive = isTerminal(descriptor);
        boolean plain =
                globals.noColor()
                        || !System.getenv().getOrDefault("NO_COLOR", "").isEmpty()
                        || "dumb".equals(System.getenv("TERM"));
        return new Terminal(stream, interactive, interactive && !plain);
    }

    /** Looks where the descriptor leads: cheaper at start than a call of the C library. */
    private static boolean isTerminal(int descriptor) {
        try {
            Path file = Files.readSymbolicLink(DESCRIPTORS.resolve(Integer.toString(descriptor)));
            return file.startsWith("/dev/pts")
                    || file.startsWith("/dev") && file.getFileName().toString().startsWith("tty")
                    || file.equals(Path.of("/dev/console"));
        } catch (IOException e) {
            return ControllingTerminal.isTerminal(descriptor); // there is no /proc
        }
    }

    /** Whether a person looks at it, so that a line may be written over. */
    boolean interactive() {
        return interactive;
    }

    /** Whether colours are welcome. */
    boolean styled() {
        return styled;
    }

    void line(String text) {
        stream.println(text);
    }

    /** Writes a line over the one that was written like this before. */
    void over(String text) {
        stream.print("\r\u001b[K" + text);
        stream.flush();
    }

    /** Begins a screen anew. */
    void clear() {
        stream.print("\u001b[H\u001b[2J");
    }

    String bold(String text) {
        return style(BOLD, text);
    }

    String dim(String text) {
        return style(DIM, text);
    }

    String red(String text) {
        return style(RED, text);
    }

    String state(VolumeState state) {
        return switch (state) {
            case FREE -> state.toString();
            case HELD, MOUNTED, ATTACHED -> style(GREEN, state.toString());
            case WAITING, CONNECTING, LOCKING, ATTACHING, MOUNTING, RELEASING ->
                    style(YELLOW, state.toString());
            case BUSY, LOST -> style(RED, state.toString());
        };
    }

    String verdict(Finding.Verdict verdict) {
        return switch (verdict) {
            case OK -> style(GREEN, verdict.toString());
            case DEGRADED -> style(YELLOW, verdict.toString());
            case MISSING -> style(RED, verdict.toString());
        };
    }

    private String style(String code, String text) {
        return styled ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }

    /** Columns that a text takes, without what only styles it. */
    static int width(String text) {
        return STYLE.matcher(text).replaceAll("").length();
    }
}
