// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusyProcessesTest {
    @TempDir Path directory;

    @BeforeAll
    static void linux() {
        assumeTrue(Files.isDirectory(Path.of("/proc/self/fd")), "Linux");
    }

    @Test
    void openFileIsFoundBelowItsDirectoryAndByItself() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "");
        String us = "(pid %d)".formatted(ProcessHandle.current().pid());
        assertThat(BusyProcesses.below(directory)).isEmpty();
        try (InputStream _ = Files.newInputStream(file)) {
            assertThat(BusyProcesses.below(directory)).singleElement().asString().endsWith(us);
            assertThat(BusyProcesses.of(file)).singleElement().asString().endsWith(us);
            assertThat(BusyProcesses.of(directory)).isEmpty();
        }
    }

    @Test
    void workingDirectoryIsFound() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "60").directory(directory.toFile()).start();
        try {
            assertThat(BusyProcesses.below(directory))
                    .containsExactly("sleep (pid %d)".formatted(sleep.pid()));
        } finally {
            sleep.destroyForcibly().waitFor();
        }
    }
}
