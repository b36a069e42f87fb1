// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.example;

import java.nio.ByteBuffer;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.scsi.Read;
import org.lunlock.iscsi.scsi.ReadCapacity;
import org.lunlock.iscsi.session.Discovery;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;

/** Discovers, logs in and reads, as the README of the library shows it. */
final class ReadFirstBlock {
    private ReadFirstBlock() {}

    // shown from here
    static ByteBuffer firstBlock(Portal portal, Lun lun) throws IscsiException {
        var me = IscsiName.of("iqn.2026-11.org.example:me");
        var isid = new Isid(0x80_123456_0001L);
        var keys = LoginParameters.DEFAULTS;
        var timeouts = Timeouts.DEFAULT;

        var targets = Discovery.sendTargets(portal, me, isid, null, keys, timeouts);
        var target = targets.getFirst().name();

        var options = new SessionOptions(portal, target, me, isid, null, keys, timeouts);
        try (Session session = Session.open(options, SessionListener.NONE)) {
            var capacity = session.execute(lun, ReadCapacity.sixteen());
            return session.execute(lun, Read.blocks(0, 1, capacity.blockBytes()));
        }
    }
    // to here
}
