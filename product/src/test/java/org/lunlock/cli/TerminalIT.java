// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.testkit.Requires;
import org.lunlock.testkit.Until;

/** What somebody sees who types at a terminal, in an interactive shell. */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class TerminalIT {
    private static final String CTRL_C = "\u0003";
    private static final String CTRL_D = "\u0004";
    private static final String CTRL_Z = "\u001a";

    @TempDir private Path directory;

    private LunlockProcess lunlock;
    private Process terminal;
    private OutputStream keyboard;
    private Path screen;
    private int seen;

    @BeforeEach
    void open() throws Exception {
        Requires.tool("script");
        Requires.tool("bash");
        lunlock = new LunlockProcess(directory);
        screen = Files.createFile(directory.resolve("screen"));
        ProcessBuilder builder =
                new ProcessBuilder("script", "-qfc", "bash --norc --noprofile -i", "/dev/null")
                        .redirectErrorStream(true)
                        .redirectOutput(screen.toFile());
        builder.environment().put("TERM", "xterm");
        terminal = builder.start();
        keyboard = terminal.getOutputStream();
        type("PS1='$ '; alias earth='" + lunlock.launcher() + " --home " + directory + "/earth'\n");
        type("earth daemon start\n");
        awaitScreen("the daemon runs");
    }

    @AfterEach
    void close() throws Exception {
        terminal.destroyForcibly();
        Files.deleteIfExists(directory.resolve("backup.holder"));
        lunlock.stopDaemons();
    }

    private void type(String keys) throws IOException {
        keyboard.write(keys.getBytes(UTF_8));
        keyboard.flush();
    }

    /** Waits for a text that comes after those that were waited for before. */
    private void awaitScreen(String text) throws Exception {
        try {
            Until.that(text, () -> Files.readString(screen).indexOf(text, seen) >= 0);
        } catch (AssertionError e) {
            throw new AssertionError("not seen: '" + text + "' in\n" + Files.readString(screen), e);
        }
        seen = Files.readString(screen).indexOf(text, seen) + text.length();
    }

    @Test
    void aCommandReadsTheTerminalAndIsStoppedAndContinuedLikeAnyOther() throws Exception {
        Path pid = directory.resolve("pid");
        type("earth run backup -- sh -c 'echo $$ >" + pid + "; echo be''gins; cat; echo en''ds'\n");
        awaitScreen("begins");
        type("hello\n");
        awaitScreen("hello\r\nhello"); // typed, and then printed by cat

        type(CTRL_Z);
        awaitScreen("Stopped");
        assertThat(directory.resolve("backup.holder")).as("stays locked").exists();
        type("fg\n");
        Path state = Path.of("/proc", Files.readString(pid).strip(), "stat");
        Until.that("it goes on", () -> !Files.readString(state).contains(") T "));
        type("again\n");
        awaitScreen("again\r\nagain");
        type(CTRL_D);
        awaitScreen("ends");
        type("echo status $?\n");
        awaitScreen("status 0");
        assertThat(directory.resolve("backup.holder")).doesNotExist();
    }

    @Test
    void ctrlCReachesTheCommandAndItsStatusIs130() throws Exception {
        type("earth run backup -- sh -c 'echo be''gins; exec sleep 1000'; echo goes on\n");
        awaitScreen("begins");
        type(CTRL_C);
        type("echo was $?\n");
        awaitScreen("was 130");
        assertThat(Files.readString(screen))
                .as("a shell gives up the line of a job that Ctrl-C ended")
                .doesNotContain("\ngoes on");
        assertThat(directory.resolve("backup.holder")).doesNotExist();
    }

    @Test
    void aCommandInAPipelineGetsTheTerminalWhenItReadsIt() throws Exception {
        type("earth run backup -- sh -c 'echo be''gins; read x </dev/tty; echo got-$x' | cat\n");
        awaitScreen("begins");
        type("hello\n");
        awaitScreen("got-hello");
    }

    @Test
    void aBackgroundJobStopsWhenItReadsAndGoesOnInTheForeground() throws Exception {
        type("earth run backup -- sh -c 'read x; echo got-$x' &\n");
        awaitScreen("[1]");
        Until.that(
                "the job is stopped",
                () -> {
                    type("\n");
                    return Files.readString(screen).indexOf("Stopped", seen) >= 0;
                });
        type("fg\n");
        awaitScreen("sh -c");
        type("hello\n");
        awaitScreen("got-hello");
    }

    @Test
    void whoWaitsSeesOneLineThatStaysCurrentAndLeavesWithCtrlC() throws Exception {
        Files.writeString(directory.resolve("backup.holder"), "venus");
        type("earth run backup -- true\n");
        awaitScreen("waiting for backup: held by host venus");
        awaitScreen("\r\u001b[Kwaiting for backup: held by host venus");
        type(CTRL_C);
        awaitScreen("stopped waiting for backup: nothing is held");
        type("echo was $?\n");
        awaitScreen("was 130");
    }
}
