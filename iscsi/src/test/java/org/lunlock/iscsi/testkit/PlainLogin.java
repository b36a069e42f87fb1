// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.scsi.TestUnitReady;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;

/** Sessions as a host makes them that asks for nothing special. */
public final class PlainLogin {
    private static final long ISID = 0x80_000000_0000L;

    private PlainLogin() {}

    public static IscsiName host(String name) {
        return IscsiName.of("iqn.2026-11.org.lunlock.test:" + name);
    }

    /**
     * No CHAP, no digests, default time-outs.
     *
     * @param number of the session among the host's, from 1 on
     */
    public static SessionOptions options(Portal portal, IscsiName target, String host, int number) {
        return options(portal, target, host, number, null);
    }

    private static SessionOptions options(
            Portal portal,
            IscsiName target,
            String host,
            int number,
            @Nullable Credentials credentials) {
        return new SessionOptions(
                portal,
                target,
                host(host),
                new Isid(ISID + number),
                credentials,
                LoginParameters.DEFAULTS,
                Timeouts.DEFAULT);
    }

    /** The first session of a host with tgt's target, by CHAP where that wants it. */
    public static Session login(Tgt tgt, String host) throws IscsiException {
        IscsiName target = IscsiName.of(tgt.targetName());
        return Session.open(
                options(tgt.portal(), target, host, 1, tgt.credentials()), SessionListener.NONE);
    }

    /** Hears a unit attention, where the target has one for the session: it was just started. */
    public static void awaken(Session session, Lun disk) throws IscsiException {
        try {
            session.execute(disk, TestUnitReady.request());
        } catch (ScsiException e) {
            // that one
        }
    }
}
