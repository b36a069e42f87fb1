// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.scsi.PersistentReserveOut;
import org.lunlock.iscsi.scsi.ReservationKey;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.LioTarget;
import org.lunlock.iscsi.testkit.LioVm;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.lock.HolderInfo;
import org.lunlock.lock.LeaseKey;

/** Linux's own target tells who registered which key, and takes a copy of a host for that host. */
@Timeout(180)
class TwinsIT {
    private static final Lun DISK = new Lun(1);
    private static final LeaseKey HOLDER = LeaseKey.of(LeaseKey.Kind.HOLDING, 0x1a2b, 1000);

    private static LioVm linux;

    @BeforeAll
    static void boot() throws IOException {
        linux = LioVm.boot();
    }

    @AfterAll
    static void end() {
        if (linux != null) {
            linux.close();
        }
    }

    private static Session session(
            LioTarget target, String name, int number, SessionListener listener)
            throws IscsiException {
        return Session.open(
                PlainLogin.options(target.portal(), target.name(), name, number), listener);
    }

    private static Session session(LioTarget target, String name, int number)
            throws IscsiException {
        return session(target, name, number, SessionListener.NONE);
    }

    private static @Nullable String remark(Session waiter) {
        Twins twins = new Twins(waiter.failingFast(), DISK, waiter.options());
        twins.look(HOLDER);
        return twins.remark(new HolderInfo(HOLDER, 3, Duration.ofSeconds(1), false));
    }

    @Test
    void twoHostsWithOneInitiatorNameAreToldApartFromTwoHosts() throws Exception {
        try (LioTarget target = linux.newTarget();
                Session holder = session(target, "mars", 1);
                Session namesake = session(target, "mars", 2);
                Session other = session(target, "venus", 1)) {
            holder.execute(
                    DISK,
                    PersistentReserveOut.registerAndIgnoreExistingKey(
                            new ReservationKey(HOLDER.value()), false));
            assertThat(remark(namesake))
                    .contains("the initiator name of this one, iqn.2026-11.org.lunlock.test:mars");
            assertThat(remark(other)).isNull();
            assertThat(remark(holder)).contains("a copy of this host");
        }
    }

    @Test
    void copiesOfOneHostSuspectEachOther() throws Exception {
        Losses one = new Losses("one");
        Losses other = new Losses("other");
        try (LioTarget target = linux.newTarget();
                Session _ = session(target, "mars", 1, one);
                Session _ = session(target, "mars", 1, other)) {
            Await.until(
                    "one of them suspects the other",
                    Duration.ofSeconds(90),
                    () -> one.suspicion() != null || other.suspicion() != null);
        }
    }
}
