// SPDX-License-Identifier: Apache-2.0
package org.lunlock.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@code bench/compare} has prepared.
 *
 * @param launcher of lunlock
 * @param work a directory of our own
 * @param target whose logical units 1 and 2 are alike
 */
record Site(String launcher, Path work, String portal, String target) {
    /** Lunlock's volume that is exported or mounted: logical unit 1. */
    static final String VOLUME = "one";

    static Site of(List<String> words) {
        return new Site(words.get(0), Path.of(words.get(1)), words.get(2), words.get(3));
    }

    String url(int lun) {
        return "iscsi://" + portal + "/" + target + "/" + lun;
    }

    /** Of lunlock as a host. */
    Path home() {
        return work.resolve("home");
    }

    /** Where lunlock mounts the volume. */
    Path mountPoint() {
        return work.resolve("volume");
    }

    /** Makes the host whose volume {@link #VOLUME} is logical unit 1. */
    void configure() throws IOException {
        Files.createDirectories(home());
        Files.createDirectories(mountPoint());
        Files.writeString(
                home().resolve("lunlock.toml"),
                """
                [initiator]
                term = "3s"
                [volume.%s]
                url = "%s"
                mount = "%s"
                """
                        .formatted(VOLUME, url(1), mountPoint()));
    }

    /** The words that run lunlock as this host. */
    List<String> command(String... words) {
        List<String> command = new ArrayList<>(List.of(launcher, "--home", home().toString()));
        command.addAll(List.of(words));
        return command;
    }

    Timed lunlock(String... words) throws IOException, InterruptedException {
        return Timed.run(command(words));
    }

    /**
     * Starts the host's daemon, in our own session: Linux shares the processors out among sessions
     * first (sched_autogroup_enabled), and whoever is alone in one is at an advantage or, where
     * others wake it, at a disadvantage.
     */
    Server daemon() throws IOException, InterruptedException {
        return Server.start(
                work.resolve("daemon.log"),
                command("daemon", "run"),
                () -> Files.exists(home().resolve("run/daemon.sock")));
    }
}
