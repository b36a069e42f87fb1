// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lunlock.daemon.api.Event;

class CommandWordsTest {
    private static final Event.Acquired MOUNTED =
            new Event.Acquired("backup", "/mnt/Sicherung ü", "/dev/loop0", false, 7);
    private static final Event.Acquired ATTACHED =
            new Event.Acquired("backup", null, "/dev/loop0", false, 7);

    private static List<String> at(Event.Acquired volume, String... words) {
        return CommandWords.of(List.of(words)).at(volume).stream()
                .map(word -> new String(word, StandardCharsets.UTF_8))
                .toList();
    }

    @Test
    void placesAreFilledWhereverTheyAre() {
        assertThat(at(MOUNTED, "rsync", "ä/", "{}/x/{mountpoint}", "--log={device}", "{other}"))
                .containsExactly(
                        "rsync",
                        "ä/",
                        "/mnt/Sicherung ü/x//mnt/Sicherung ü",
                        "--log=/dev/loop0",
                        "{other}");
    }

    @Test
    void itIsKnownWhetherTheMountPointIsNeeded() {
        assertThat(CommandWords.of(List.of("ls", "{}")).needMountPoint()).isTrue();
        assertThat(CommandWords.of(List.of("ls", "a{mountpoint}b")).needMountPoint()).isTrue();
        assertThat(CommandWords.of(List.of("mkfs", "{device}")).needMountPoint()).isFalse();
    }

    @Test
    void theEnvironmentTellsWhereTheVolumeIs() {
        assertThat(CommandWords.environment(MOUNTED))
                .isEqualTo(
                        Map.of(
                                "LUNLOCK_VOLUME", "backup",
                                "LUNLOCK_DEVICE", "/dev/loop0",
                                "LUNLOCK_TOKEN", "7",
                                "LUNLOCK_MOUNTPOINT", "/mnt/Sicherung ü"));
        assertThat(CommandWords.environment(ATTACHED)).doesNotContainKey("LUNLOCK_MOUNTPOINT");
    }

    @Test
    void whatIsShownIsShortAndHarmless() {
        assertThat(CommandWords.of(List.of("sh", "-c", "a\nb\u001b[2J")).shown())
                .isEqualTo("sh -c a?b?[2J");
        assertThat(CommandWords.of(List.of("echo", "x".repeat(1000))).shown()).hasSize(203);
    }
}
