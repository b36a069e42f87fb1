// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.attach.HostAbilities.Ability;
import org.lunlock.posix.ProcessControl;

class HostAbilitiesTest {
    @TempDir Path bin;
    private FakeMac mac;

    @BeforeEach
    void boot() throws Exception {
        mac = new FakeMac(bin);
    }

    private List<String> lacking(boolean isMac, boolean root) {
        return HostAbilities.of(isMac, root, mac.tools()).stream()
                .filter(ability -> !ability.there())
                .map(ability -> (ability.needed() ? "needs " : "lacks ") + ability.what())
                .toList();
    }

    @Test
    void macWithAllItsToolsLacksNothing() {
        assertThat(lacking(true, true)).isEmpty();
        assertThat(lacking(true, false)).containsExactly("lacks privacy");
        assertThat(mac.commands).as("nothing is run").isEmpty();
    }

    @Test
    void macWithoutSomeOfThemIsToldWhatThatMeans() throws Exception {
        mac.without("hdiutil").without("lsof").without("mount_nfs");
        assertThat(lacking(true, true))
                .containsExactly(
                        "needs tools", "lacks disk images", "lacks who keeps a volume busy");
        assertThat(HostAbilities.of(true, true, mac.tools()).getFirst())
                .extracting(Ability::detail)
                .isEqualTo("no mount_nfs");
    }

    @Test
    void linuxSaysWhetherTheKernelCanBeToldWhoServesTheDisk() {
        boolean told = ProcessControl.mayBecomeIoFlusher();
        assertThat(HostAbilities.of(false, true, mac.tools()))
                .filteredOn(ability -> ability.what().equals("memory"))
                .extracting(Ability::there)
                .containsExactly(told);
    }

    @Test
    void linuxWithoutRootAndToolsIsToldSo() {
        assertThat(lacking(false, false)).contains("needs user", "needs tools");
        assertThat(HostAbilities.of(false, true, mac.tools()))
                .filteredOn(ability -> ability.what().equals("tools"))
                .extracting(Ability::detail)
                .containsExactly("no losetup, sync");
    }
}
