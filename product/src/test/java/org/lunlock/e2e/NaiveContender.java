// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lunlock.attach.Leftovers;
import org.lunlock.iscsi.testkit.Tgt;

/** A host with {@link NaiveHost} on it. */
final class NaiveContender implements Contender {
    private final String name;
    private final Path directory;
    private final List<String> command = new ArrayList<>();
    private TestHost.@Nullable Run run;

    NaiveContender(
            String name,
            Path directory,
            Network network,
            Tgt target,
            ChaosServer server,
            String term)
            throws IOException {
        this.name = name;
        this.directory = Files.createDirectory(directory.resolve("naive-" + name));
        command.addAll(network.on(name));
        command.addAll(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path")
                                .replace(
                                        File.pathSeparator + File.pathSeparator,
                                        File.pathSeparator),
                        NaiveHost.class.getName(),
                        name,
                        this.directory.resolve("run").toString(),
                        target.portal().toString(),
                        target.targetName(),
                        server.url(),
                        server.bearer(),
                        term));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void prepare() throws Exception {
        Files.createDirectories(directory.resolve("run"));
    }

    @Override
    public TestHost.Run start(String script) throws Exception {
        List<String> words = new ArrayList<>(command);
        words.add(script);
        TestHost.Run started = new TestHost.Run(words, directory);
        run = started;
        return started;
    }

    @Override
    public boolean isMounted() throws IOException {
        return Files.readString(Path.of("/proc/self/mounts"))
                .contains(directory.resolve("run/mnt").toString());
    }

    @Override
    public void kill() {
        running().kill();
    }

    private TestHost.Run running() {
        return Objects.requireNonNull(run, "nothing was started");
    }

    @Override
    public void pause() throws Exception {
        running().signal("STOP");
    }

    @Override
    public void resume() throws Exception {
        if (run != null && run.isRunning()) {
            run.signal("CONT");
        }
    }

    @Override
    public void close() throws Exception {
        resume();
        if (run != null) {
            run.kill();
            run.exit();
        }
        Leftovers.clear(directory.resolve("run"));
    }
}
