// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.isns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;
import org.lunlock.iscsi.login.TargetAddress;
import org.lunlock.iscsi.testkit.Isnsd;

/** What a real iSNS server answers. */
@Timeout(60)
class IsnsIT {
    private static final IscsiName INITIATOR = IscsiName.of("iqn.2026-11.org.lunlock.test:me");
    private static final IscsiName TARGET = IscsiName.of("iqn.2026-11.org.lunlock.test:target");
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @Test
    void targetsThatRegisteredAreFound() throws IOException {
        Portal at = new Portal("192.0.2.7", 3260);
        try (Isnsd server = Isnsd.start()) {
            assertThat(IsnsDiscovery.targets(server.portal(), INITIATOR, PATIENCE)).isEmpty();
            server.register(TARGET, at);
            TargetAddress address = new TargetAddress(at, OptionalInt.of(1));
            assertThat(IsnsDiscovery.targets(server.portal(), INITIATOR, PATIENCE))
                    .containsExactly(new DiscoveredTarget(TARGET, List.of(address)));
        }
    }
}
