// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ProvisioningTest {

    @Test
    void partsOfAnUnmapEndWhereGranulesDo() {
        Provisioning granules = new Provisioning(100, 8, 3, true, true, 1);
        assertThat(granules.unmapEnd(0, 50)).isEqualTo(50);
        assertThat(granules.unmapEnd(0, 100)).isEqualTo(100);
        assertThat(granules.unmapEnd(0, 101)).isEqualTo(99); // 3 + 12 * 8
        assertThat(granules.unmapEnd(99, 1000)).isEqualTo(195);
        assertThat(new Provisioning(1, 1, 0, true, true, 1).unmapEnd(7, 9)).isEqualTo(8);
    }
}
