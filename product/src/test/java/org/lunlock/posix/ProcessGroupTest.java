// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lunlock.posix.ProcessGroup.Change;

class ProcessGroupTest {
    @Test
    void theStatusWordSaysHowItChanged() {
        assertThat(ProcessGroup.change(0x0000)).isEqualTo(new Change.Exited(0));
        assertThat(ProcessGroup.change(0x0700)).isEqualTo(new Change.Exited(7));
        assertThat(ProcessGroup.change(0xff00)).isEqualTo(new Change.Exited(255));
        assertThat(ProcessGroup.change(0x0009)).isEqualTo(new Change.Killed(9));
        assertThat(ProcessGroup.change(0x008b)).as("with a core").isEqualTo(new Change.Killed(11));
        assertThat(ProcessGroup.change(0x137f)).isEqualTo(new Change.Stopped(19));
    }
}
