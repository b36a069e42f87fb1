// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.fuzz;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.testkit.Tools;

/**
 * The fuzzers, each in a JVM of its own for some seconds; {@code -Dlunlock.fuzz=3600} for an hour
 * each. What they learnt stays in {@code target/fuzz} and is where the next run begins.
 *
 * <p>An input that fails is written to {@code target/fuzz/NAME}. Put into {@code
 * src/test/resources/fuzz/NAME}, it is tried first by every run from then on.
 */
class FuzzIT {
    private static final long SECONDS = Long.getLong("lunlock.fuzz", 6);

    /** Of starting a JVM and instrumenting classes on a busy machine. */
    private static final Duration OVERHEAD = Duration.ofMinutes(2);

    @ParameterizedTest
    @ValueSource(classes = {DecoderFuzz.class, LoginFuzz.class, SessionFuzz.class})
    void nothingThatATargetSaysIsTooMuch(Class<?> fuzz) throws IOException {
        Path directory = Path.of("target/fuzz", fuzz.getSimpleName()).toAbsolutePath();
        Path corpus = Files.createDirectories(directory.resolve("corpus"));
        Path known =
                Files.createDirectories(
                        Path.of("target/test-classes/fuzz", fuzz.getSimpleName()).toAbsolutePath());
        Tools.Ended ended =
                Tools.tryRun(
                        Map.of(),
                        Duration.ofSeconds(SECONDS).plus(OVERHEAD),
                        Path.of(System.getProperty("java.home"), "bin/java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "com.code_intelligence.jazzer.Jazzer",
                        "--target_class=" + fuzz.getName(),
                        "--instrumentation_includes=org.lunlock.iscsi.**",
                        "--instrumentation_excludes=org.lunlock.iscsi.testkit.**",
                        "--disabled_hooks=com.code_intelligence.jazzer.sanitizers."
                                + "ServerSideRequestForgery", // it connects: that is its task
                        "--reproducer_path=" + directory,
                        "-artifact_prefix=" + directory + "/",
                        "-max_total_time=" + SECONDS,
                        "-max_len=4096",
                        "-timeout=60",
                        corpus.toString(),
                        known.toString());
        assertThat(ended.exitCode()).as(ended.output()).isZero();
    }
}
