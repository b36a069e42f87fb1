// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** What a test must not leave behind: mounts, loop devices, sessions. */
final class Leavings {
    private Leavings() {}

    static void none(Path directory, Tgt target) throws IOException {
        noneOnThisMachine(directory);
        assertThat(target.connections()).as("connections to the target").isEmpty();
    }

    /** Closes the hosts first; a failure shows what they logged. */
    static void noneOf(Path directory, Tgt target, TestHost... hosts) throws Exception {
        try {
            for (TestHost host : hosts) {
                host.close();
            }
            none(directory, target);
        } catch (AssertionError e) {
            StringBuilder message = new StringBuilder(String.valueOf(e.getMessage()));
            for (TestHost host : hosts) {
                message.append('\n').append(host.log());
            }
            throw new AssertionError(message.toString(), e);
        }
    }

    static void noneOnThisMachine(Path directory) throws IOException {
        assertThat(Files.readString(Path.of("/proc/self/mounts")))
                .doesNotContain(directory.toString());
        assertThat(Tools.run("losetup", "-a")).doesNotContain(directory.toString());
    }
}
