// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lunlock.testkit.Until;

class ProcessExecIT {
    private static final Duration LONG = Duration.ofSeconds(20);

    private final ProcessExec exec = new ProcessExec();

    private ExecResult shell(String script, Duration timeout) throws IOException {
        return exec.run(List.of("/bin/sh", "-c", script), timeout);
    }

    @Test
    void outputAndStatusAreKept() throws Exception {
        ExecResult result = shell("echo out; echo first >&2; echo second >&2; exit 3", LONG);
        assertThat(result.exitStatus()).isEqualTo(3);
        assertThat(result.out()).isEqualTo("out\n");
        assertThat(result.ok()).isFalse();
        assertThat(result.complaint()).isEqualTo("first second");
        assertThat(shell("exit 4", LONG).complaint()).isEqualTo("exit status 4");
    }

    @Test
    void programsSpeakEnglishAndHaveNothingToRead() throws Exception {
        assertThat(shell("echo $LC_ALL; cat", LONG).out()).isEqualTo("C\n");
    }

    @Test
    void outputWithoutEndIsReadButNotKept() throws Exception {
        ExecResult result = shell("head -c 3000000 /dev/zero", LONG);
        assertThat(result.ok()).isTrue();
        assertThat(result.out()).hasSize(1 << 20);
    }

    @Test
    void programThatDoesNotEndIsKilled() throws Exception {
        long start = System.nanoTime();
        ExecResult result = shell("echo begun; exec sleep 60", Duration.ofMillis(300));
        assertThat(result.timedOut()).isTrue();
        assertThat(result.ok()).isFalse();
        assertThat(result.out()).isEqualTo("begun\n");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LONG);
    }

    @Test
    void programThatWasStartedEndsWhenItIsClosed() throws Exception {
        Exec.Running running =
                exec.start(List.of("/bin/sh", "-c", "echo not kept; exec sleep 4711.4711"));
        Until.that("it runs", () -> sleeps().isPresent());
        running.close();
        running.close();
        assertThat(sleeps()).isEmpty();
    }

    private static Optional<ProcessHandle> sleeps() {
        return ProcessHandle.current()
                .children()
                .filter(it -> it.info().commandLine().orElse("").contains("4711.4711"))
                .filter(ProcessHandle::isAlive)
                .findAny();
    }

    @Test
    void grandchildThatKeepsTheOutputOpenIsNotWaitedFor() throws Exception {
        long start = System.nanoTime();
        assertThat(shell("sleep 30 & echo done", LONG).out()).isEqualTo("done\n");
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LONG);
    }

    @Test
    void missingProgramIsAnError() {
        assertThatThrownBy(() -> exec.run(List.of("/no/such/program"), LONG))
                .isInstanceOf(IOException.class);
    }

    @Test
    void interruptEndsTheWaitAndTheProgram() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> shell("sleep 60", LONG))
                .isInstanceOf(InterruptedIOException.class);
        assertThat(Thread.interrupted()).isTrue();
    }
}
