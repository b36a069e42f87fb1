// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.TransportException;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.scsi.ScsiRequest;
import org.lunlock.iscsi.session.ScsiExecutor;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.lock.HolderInfo;
import org.lunlock.lock.LeaseKey;

class TwinsTest {
    private static final SessionOptions OWN =
            new SessionOptions(
                    Portal.parse("127.0.0.1"),
                    IscsiName.of("iqn.2026-01.org.example:disk"),
                    IscsiName.of("iqn.2026-01.org.example:me"),
                    new Isid(0x80_0000_0000_2aL),
                    null,
                    LoginParameters.DEFAULTS,
                    Timeouts.DEFAULT);
    private static final LeaseKey HOLDER = LeaseKey.of(LeaseKey.Kind.HOLDING, 0x1a2b, 1000);

    /** A target that tells what one initiator port registered; null for one that does not tell. */
    private static Twins twins(LeaseKey key, @Nullable String port) {
        return new Twins(new OneRegistration(key, port), new Lun(1), OWN);
    }

    private static String remark(Twins twins, boolean sharesOurHostId) {
        twins.look(HOLDER);
        String remark =
                twins.remark(new HolderInfo(HOLDER, 3, Duration.ofSeconds(1), sharesOurHostId));
        return remark == null ? "" : remark;
    }

    @Test
    void anyOtherHostIsNotRemarkedOn() {
        assertThat(remark(twins(HOLDER, "iqn.2026-01.org.example:you,i,0x80000000002a"), false))
                .isEmpty();
        assertThat(remark(twins(HOLDER, "iqn.2026-01.org.example:me2,i,0x80000000002a"), false))
                .isEmpty();
    }

    @Test
    void hostWithOurInitiatorNameIsNamed() {
        assertThat(remark(twins(HOLDER, "iqn.2026-01.org.example:me,i,0x80000000002b"), false))
                .contains(
                        "another host with the initiator name of this one, iqn.2026-01.org.example:me");
    }

    @Test
    void keyIsFoundThoughItWasRenewedMeanwhile() {
        LeaseKey renewed = LeaseKey.of(LeaseKey.Kind.HOLDING, 0x1a2b, 1001);
        assertThat(remark(twins(renewed, "iqn.2026-01.org.example:me,i,0x80000000002b"), false))
                .contains("initiator name");
    }

    @Test
    void whatWasRegisteredUnderOurOwnPortIsACopys() {
        assertThat(remark(twins(HOLDER, "iqn.2026-01.org.example:me,i,0x80000000002A"), false))
                .contains("a copy of this host (each machine needs a state directory");
    }

    @Test
    void copyIsKnownByItsHostIdAlsoAfterWeTookAnother() {
        Twins twins = twins(HOLDER, null);
        assertThat(remark(twins, true)).contains("a copy of this host");
        assertThat(remark(twins, false)).contains("a copy of this host");
    }

    @Test
    void targetThatDoesNotTellIsBelieved() {
        assertThat(remark(twins(HOLDER, null), false)).isEmpty();
    }

    private record OneRegistration(LeaseKey key, @Nullable String port) implements ScsiExecutor {
        private static final int HEADER = 8;
        private static final int DESCRIPTOR = 24;
        private static final int TRANSPORT_ID = 64;

        @Override
        public <T> T execute(Lun lun, ScsiRequest<T> request) throws IscsiException {
            if (port == null) {
                throw new TransportException("it does not tell");
            }
            byte[] name = port.getBytes(StandardCharsets.US_ASCII);
            return request.answer()
                    .decode(
                            ByteBuffer.allocate(HEADER + DESCRIPTOR + TRANSPORT_ID)
                                    .putInt(4, DESCRIPTOR + TRANSPORT_ID)
                                    .putLong(HEADER, key.value())
                                    .put(HEADER + 12, (byte) 0x01) // R_HOLDER
                                    .put(HEADER + 13, (byte) 0x03)
                                    .putShort(HEADER + 18, (short) 1)
                                    .putInt(HEADER + 20, TRANSPORT_ID)
                                    .put(HEADER + DESCRIPTOR, (byte) 0x45) // with an ISID
                                    .putShort(HEADER + DESCRIPTOR + 2, (short) name.length)
                                    .put(HEADER + DESCRIPTOR + 4, name));
        }

        @Override
        public void resetLogicalUnit(Lun lun) {
            throw new UnsupportedOperationException();
        }
    }
}
