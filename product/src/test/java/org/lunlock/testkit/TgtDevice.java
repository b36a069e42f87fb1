// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.io.IOException;
import org.lunlock.block.LunDevice;
import org.lunlock.block.LunGeometry;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;

/** The first disk of a real target as a block device, without a lock. */
public final class TgtDevice implements AutoCloseable {
    public static final Lun DISK = new Lun(1);

    private final Tgt tgt;
    private final Session session;
    private final LunDevice device;

    public TgtDevice(Tgt.Disk disk) throws IOException {
        tgt = Tgt.with().disk(disk).start();
        try {
            session =
                    Session.open(
                            new SessionOptions(
                                    tgt.portal(),
                                    IscsiName.of(tgt.targetName()),
                                    IscsiName.of("iqn.2026-11.org.lunlock.test:host"),
                                    Isid.parse("800000000001"),
                                    null,
                                    LoginParameters.DEFAULTS,
                                    Timeouts.DEFAULT),
                            SessionListener.NONE);
            device = new LunDevice(session, DISK, LunGeometry.of(session, DISK), false);
        } catch (IOException | RuntimeException | Error e) {
            tgt.close();
            throw e;
        }
    }

    public Tgt tgt() {
        return tgt;
    }

    public LunDevice device() {
        return device;
    }

    /** Bytes that the target's file takes on its disk: a file with holes takes less than it has. */
    public long allocatedBytes() {
        String blocks = Tools.run("stat", "-c", "%b", tgt.image().toString());
        return Long.parseLong(blocks.strip()) * 512;
    }

    @Override
    public void close() {
        device.close();
        session.close();
        tgt.close();
    }
}
