// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.nio.file.Path;
import java.util.Objects;
import org.lunlock.cli.Main;
import org.lunlock.config.Home;

/**
 * The program with {@link FakeVolumes}: for commands and daemons that are processes of their own.
 * The shared directory is in the environment, the host is called like its home's directory.
 */
public final class FakeLunlock {
    public static final String TARGET = "LUNLOCK_FAKE_TARGET";

    private FakeLunlock() {}

    public static void main(String[] args) {
        Path target = Path.of(System.getenv(TARGET));
        Main.exit(Main.run(home -> new FakeVolumes(target, host(home)), args));
    }

    private static String host(Home home) {
        Path directory = Objects.requireNonNull(home.configFile().getParent());
        return directory.getFileName().toString();
    }
}
