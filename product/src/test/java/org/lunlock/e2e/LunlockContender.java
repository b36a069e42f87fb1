// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.testkit.Tgt;

/** A host with lunlock on it. */
final class LunlockContender implements Contender {
    private final String name;
    private final TestHost host;
    private long daemon;
    private boolean paused;

    LunlockContender(
            String name,
            Path directory,
            Network network,
            Tgt target,
            ChaosServer server,
            String term)
            throws IOException {
        this.name = name;
        this.host = new TestHost(name, directory, network.on(name));
        TestHost.privateFile(host.home().resolve("token"), server.bearer() + "\n");
        host.configure(
                """
                [initiator]
                term = "%s"
                service = "%s"
                service-token-file = "token"
                noop_out_interval = "1s"
                noop_out_timeout = "1s"
                [volume.backup]
                url = "%s"
                """
                        .formatted(term, server.url(), target.url(new Lun(1))));
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void prepare() throws Exception {
        host.succeed("daemon", "start");
        daemon = host.daemonPid();
    }

    @Override
    public TestHost.Run start(String script) throws Exception {
        return host.start("run", "--wait", "60s", "backup", "--", "sh", "-c", script);
    }

    @Override
    public boolean isMounted() throws IOException {
        return Files.readString(Path.of("/proc/self/mounts"))
                .contains(host.mountPoint("backup").toString());
    }

    @Override
    public void kill() throws Exception {
        TestHost.signal("KILL", daemon);
    }

    @Override
    public void pause() throws Exception {
        paused = true;
        TestHost.signal("STOP", daemon);
    }

    @Override
    public void resume() throws Exception {
        if (paused) {
            paused = false;
            TestHost.signal("CONT", daemon);
        }
    }

    String log() {
        return host.log();
    }

    @Override
    public void close() throws Exception {
        resume();
        host.close();
    }
}
