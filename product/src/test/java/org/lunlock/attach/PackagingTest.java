// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Repository;

/** What service managers are told: the daemon, in the foreground, with time to end. */
class PackagingTest {
    private static final Path PACKAGING = Repository.root().resolve("packaging");

    @Test
    void launchdsFileIsAPropertyListThatStartsTheDaemon() throws Exception {
        String text = Files.readString(PACKAGING.resolve("launchd/org.lunlock.daemon.plist"));
        PropertyList job = PropertyList.parse(text);
        assertThat(job.text("Label")).isEqualTo("org.lunlock.daemon");
        assertThat(job.isTrue("RunAtLoad")).isTrue();
        assertThat(job.has("ExitTimeOut")).isTrue();
        assertThat(text.replaceAll("\\s+", ""))
                .contains("<string>daemon</string><string>run</string>");
    }

    @Test
    void systemdsUnitStartsTheDaemonAndLetsItUnmount() throws Exception {
        assertThat(Files.readAllLines(PACKAGING.resolve("systemd/lunlock.service")))
                .contains(
                        "ExecStart=/usr/local/bin/lunlock daemon run",
                        "KillMode=mixed",
                        "TimeoutStopSec=90");
    }
}
