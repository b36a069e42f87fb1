// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.config.Failures.assertFails;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;

class HostStateTest {
    private static final IscsiName TARGET = new IscsiName("iqn.2001-04.com.example:disk");

    @TempDir private Path directory;

    private HostState state() {
        return new HostState(directory.resolve("state"), "Eva's Mac.local");
    }

    private List<Path> files() throws Exception {
        try (Stream<Path> files = Files.list(directory.resolve("state"))) {
            return files.filter(file -> !file.endsWith("state.lock")).sorted().toList();
        }
    }

    @Test
    void theNameIsMadeOnceOfTheHostsName() throws Exception {
        IscsiName name = state().initiatorName();

        assertThat(name.value()).matches("iqn\\.2026-11\\.org\\.lunlock:eva-s-mac-[0-9a-f]{8}");
        assertThat(state().initiatorName()).isEqualTo(name);
    }

    @ParameterizedTest
    @CsvSource({
        "nas,nas",
        "NAS.example.org,nas",
        "'',host",
        "-x-,x",
        "ÄÖ,host",
        "a_b,a-b",
        "...,host"
    })
    void aHostsNameIsCleaned(String hostname, String label) {
        assertThat(Hostname.label(hostname)).isEqualTo(label);
        assertThat(Hostname.label("x".repeat(300))).hasSize(63);
    }

    @Test
    void thisMachineHasAName() {
        assertThat(Hostname.local()).isNotBlank();
    }

    @Test
    void theHostIdIsNeverZeroAndStays() throws Exception {
        int id = state().hostId();

        assertThat(id).isBetween(1, 0xffff);
        assertThat(state().hostId()).isEqualTo(id);
    }

    @Test
    void eachPortalGroupHasItsOwnIsidThatStays() throws Exception {
        Isid isid = state().isid(TARGET, "1");

        assertThat(isid.value() >>> 46).as("the random type").isEqualTo(2);
        assertThat(state().isid(TARGET, "1")).isEqualTo(isid);
        assertThat(state().isid(TARGET, "2")).isNotEqualTo(isid);
        assertThat(state().isid(new IscsiName("iqn.2001-04.com.example:other"), "1"))
                .isNotEqualTo(isid);
    }

    @Test
    void keysAreKeptForEachLogicalUnit() throws Exception {
        assertThat(state().loadKeys("naa.1")).isEmpty();

        state().storeKeys("naa.1", 0x4c4b_0001_0000_0001L, -1L);
        state().storeKeys("naa.2", 0, Long.MIN_VALUE);
        state().storeKeys("naa.1", 0x4c4b_0001_0000_0002L, 7);

        assertThat(state().loadKeys("naa.1")).containsExactly(0x4c4b_0001_0000_0002L, 7);
        assertThat(state().loadKeys("naa.2")).containsExactly(0, Long.MIN_VALUE);
    }

    @Test
    void anIdOfAnyTextIsOneLogicalUnit() throws Exception {
        List<String> ids =
                List.of("a/../../b", "a_b", "a\nb", "A_B", "x".repeat(4000), "x".repeat(4001), "…");
        for (int i = 0; i < ids.size(); i++) {
            state().storeKeys(ids.get(i), i, i + 1);
        }
        for (int i = 0; i < ids.size(); i++) {
            assertThat(state().loadKeys(ids.get(i))).containsExactly(i, i + 1);
        }
        assertThat(files()).hasSize(ids.size());
    }

    @Test
    void filesAreForTheirOwnerOnly() throws Exception {
        state().isid(TARGET, "1");
        state().storeKeys("naa.1", 1, 2);

        for (Path file : files()) {
            assertThat(Files.getPosixFilePermissions(file))
                    .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        }
    }

    @Test
    void aFileOpenToOthersIsRefused() throws Exception {
        state().hostId();
        Files.setPosixFilePermissions(
                files().getFirst(), PosixFilePermissions.fromString("rw-r--r--"));

        assertFails(ExitCode.CONFIGURATION, () -> state().hostId()).contains("chmod 600");
    }

    /** Every way to shorten the file, and every single byte that changes, is found. */
    @Test
    void aDamagedFileIsReportedAndNeverMadeAnew() throws Exception {
        state().isid(TARGET, "1");
        Path file = files().getFirst();
        byte[] whole = Files.readAllBytes(file);
        List<byte[]> damaged = new ArrayList<>();
        for (int length = 0; length < whole.length; length++) {
            damaged.add(Arrays.copyOf(whole, length));
            byte[] changed = whole.clone();
            changed[length] ^= 1;
            damaged.add(changed);
        }
        damaged.add(
                (new String(whole, StandardCharsets.UTF_8) + "\n")
                        .getBytes(StandardCharsets.UTF_8));

        for (byte[] content : damaged) {
            Files.write(file, content);
            assertFails(ExitCode.CONFIGURATION, () -> state().isid(TARGET, "1"))
                    .contains("damaged", file.toString());
            assertThat(Files.readAllBytes(file)).isEqualTo(content);
        }
    }

    @Test
    void aFileThatBelongsToAnotherTargetIsDamaged() throws Exception {
        state().isid(TARGET, "1");
        Path first = files().getFirst();
        byte[] content = Files.readAllBytes(first);
        Files.delete(first);
        state().isid(TARGET, "2");
        Files.write(files().getFirst(), content);

        assertFails(ExitCode.CONFIGURATION, () -> state().isid(TARGET, "2")).contains("damaged");
    }

    @Test
    void manyWhoAskAtOnceGetTheSame() throws Exception {
        Set<Isid> isids = new HashSet<>();
        try (var threads = Executors.newFixedThreadPool(8)) {
            Callable<Isid> ask = () -> state().isid(TARGET, "1");
            for (Future<Isid> answer : threads.invokeAll(Collections.nCopies(32, ask))) {
                isids.add(answer.get());
            }
        }

        assertThat(isids).hasSize(1);
    }
}
