// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the kernel would show is written by hand; {@link NbdScenario} has a real one. */
class NbdDeviceTest {
    private static final String IN_USE = "Error: Failed to setup device, check dmesg\n";

    @TempDir Path sys;
    @TempDir Path runtime;
    @TempDir Path programs;
    private final ScriptedExec exec = new ScriptedExec();
    private Tools tools = new Tools(exec);
    private Path socket = Path.of("v");

    @BeforeEach
    void threeDevices() throws Exception {
        for (String name : new String[] {"nbd0", "nbd2", "nbd10", "sda"}) {
            Files.createDirectory(sys.resolve(name));
        }
        connected("nbd0", "1");
        Path program = Files.createFile(programs.resolve("nbd-client"));
        assertThat(program.toFile().setExecutable(true)).isTrue();
        tools = new Tools(exec, List.of(programs));
        socket = runtime.resolve("v");
    }

    private Path connected(String name, String by) throws Exception {
        return Files.writeString(sys.resolve(name).resolve("pid"), by + "\n");
    }

    private NbdDevice connect(boolean readOnly) throws Exception {
        return NbdDevice.connect(
                tools,
                sys,
                new NbdDevice.Wanted(socket, "v", 4096, readOnly, Duration.ofMinutes(2)));
    }

    @Test
    void firstFreeDeviceIsConnectedAndRemembered() throws Exception {
        exec.answer(0, "Connected /dev/nbd2\n", "").doing(() -> connected("nbd2", "4711"));
        NbdDevice device = connect(true);
        assertThat(device.device()).isEqualTo(Path.of("/dev/nbd2"));
        assertThat(exec.commands)
                .containsExactly(
                        "nbd-client -unix %s /dev/nbd2 -name v -block-size 4096 -timeout 120"
                                        .formatted(socket)
                                + " -readonly");
        assertThat(NbdDevice.remembered(tools, sys, runtime))
                .extracting(NbdDevice::device)
                .containsExactly(device.device());
    }

    @Test
    void deviceThatIsTakenMeanwhileIsPassedBy() throws Exception {
        exec.answer(1, "", IN_USE).answer(0, "", "").doing(() -> connected("nbd10", "4711"));
        assertThat(connect(false).device()).isEqualTo(Path.of("/dev/nbd10"));
    }

    @Test
    void successWithoutAConnectionIsNone() {
        exec.answer(0, "", "").answer(1, "", IN_USE);
        assertThatThrownBy(() -> connect(false)).hasMessageContaining("check dmesg");
        assertThat(runtime).isEmptyDirectory();
    }

    @Test
    void clientThatHangsIsNotTriedOnTheNextDevice() {
        exec.hang();
        assertThatThrownBy(() -> connect(false)).hasMessageContaining("did not end in time");
    }

    @Test
    void numberThatIsSomebodyElsesByNowIsLeftAlone() throws Exception {
        exec.answer(0, "", "").doing(() -> connected("nbd2", "4711"));
        NbdDevice device = connect(false);
        connected("nbd2", "4712");
        device.disconnect();
        device.detachForced(Duration.ZERO);
        assertThat(exec.commands).hasSize(1);
        assertThat(NbdDevice.remembered(tools, sys, runtime)).isEmpty();
    }

    @Test
    void recordOfAnotherStartOfTheMachineMeansNothing() throws Exception {
        connected("nbd2", "4711");
        Path record = Files.writeString(runtime.resolve("v.device"), "/dev/nbd2 4711 another");
        assertThat(NbdDevice.remembered(tools, sys, runtime)).isEmpty();
        assertThat(record).doesNotExist();
        assertThat(NbdDevice.remembered(tools, sys, runtime.resolve("none"))).isEmpty();
    }

    @Test
    void itIsDisconnectedOnceAndGoneWhenItsLastUserIs() throws Exception {
        exec.answer(0, "", "").doing(() -> connected("nbd2", "4711"));
        NbdDevice device = connect(false);
        exec.answer(0, "", "").doing(() -> null);
        assertThatThrownBy(() -> device.detachForced(Duration.ZERO))
                .hasMessageContaining("/dev/nbd2 is still in use");
        exec.doing(() -> null);
        Files.delete(sys.resolve("nbd2/pid"));
        device.detachForced(Duration.ZERO);
        assertThat(exec.commands).last().isEqualTo("nbd-client -d /dev/nbd2");
        assertThat(exec.commands).hasSize(2);
        assertThat(runtime).isEmptyDirectory();
    }
}
