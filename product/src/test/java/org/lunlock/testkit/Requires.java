// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import java.nio.file.Files;
import java.nio.file.Path;
import org.lunlock.posix.ProcessControl;

/** What a test needs of the machine: without it the test is skipped, or, with CI=true, fails. */
public final class Requires {
    private Requires() {}

    public static void root() {
        that(ProcessControl.userId() == 0, "needs root");
    }

    /** Root, FUSE and loop devices. */
    public static void fuseAndLoop() {
        root();
        file("/dev/fuse");
        file("/dev/loop-control");
        tool("losetup");
    }

    public static void file(String path) {
        that(Files.exists(Path.of(path)), "needs " + path);
    }

    /** A program of the system's directories. */
    public static void tool(String name) {
        boolean found =
                Files.exists(Path.of("/usr/sbin", name))
                        || Files.exists(Path.of("/usr/bin", name))
                        || Files.exists(Path.of("/sbin", name))
                        || Files.exists(Path.of("/bin", name));
        that(found, "needs " + name);
    }

    public static void that(boolean condition, String reason) {
        if (condition) {
            return;
        }
        if ("true".equals(System.getenv("CI"))) {
            fail("CI=true and " + reason);
        }
        abort(reason);
    }
}
