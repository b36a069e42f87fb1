// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.LoginException;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.TransportException;
import org.lunlock.posix.Errno;

class FuseErrnoTest {
    private static ScsiException check(Sense.Key key, int asc, int ascq) {
        return new ScsiException(
                "WRITE(16) of LUN 0", ScsiStatus.CHECK_CONDITION, new Sense(key, asc, ascq));
    }

    @Test
    void lostLockIsAnInputOutputError() {
        assertThat(FuseErrno.of(new FencedException("taken over"))).isEqualTo(Errno.EIO);
    }

    @Test
    void writeProtectionIsAReadOnlyFileSystem() {
        assertThat(FuseErrno.of(check(Sense.Key.DATA_PROTECT, 0x27, 0))).isEqualTo(Errno.EROFS);
    }

    @Test
    void thinVolumeWithoutSpaceIsNoSpaceLeft() {
        assertThat(FuseErrno.of(check(Sense.Key.DATA_PROTECT, 0x27, 7))).isEqualTo(Errno.ENOSPC);
    }

    @Test
    void everythingElseIsAnInputOutputError() {
        assertThat(FuseErrno.of(check(Sense.Key.MEDIUM_ERROR, 0x11, 0))).isEqualTo(Errno.EIO);
        assertThat(FuseErrno.of(new ScsiException("READ(16)", ScsiStatus.BUSY, null)))
                .isEqualTo(Errno.EIO);
        assertThat(FuseErrno.of(new TransportException("lost"))).isEqualTo(Errno.EIO);
        assertThat(FuseErrno.of(new ProtocolException("broken"))).isEqualTo(Errno.EIO);
        assertThat(FuseErrno.of(new LoginException(0, "refused"))).isEqualTo(Errno.EIO);
        assertThat(FuseErrno.of(new IOException("else"))).isEqualTo(Errno.EIO);
    }
}
