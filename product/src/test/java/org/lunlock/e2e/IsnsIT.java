// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.testkit.Isnsd;

/** {@code discover --isns}. */
@Timeout(120)
final class IsnsIT {
    @TempDir Path directory;

    @Test
    void targetsOfAnIsnsServerAreListed() throws Exception {
        TestHost host = new TestHost("a", directory);
        try (Isnsd server = Isnsd.start()) {
            server.register(
                    IscsiName.of("iqn.2026-11.org.lunlock.test:disk"),
                    new Portal("192.0.2.7", 3260));
            assertThat(host.succeed("discover", "--isns", server.portal().toString()))
                    .contains("iqn.2026-11.org.lunlock.test:disk")
                    .contains("192.0.2.7:3260");
        } finally {
            host.close();
        }
    }
}
