// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.io.IOException;
import org.lunlock.block.LunDevice;
import org.lunlock.block.LunGeometry;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.testkit.PlainLogin;
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
            session = PlainLogin.login(tgt, "host");
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
