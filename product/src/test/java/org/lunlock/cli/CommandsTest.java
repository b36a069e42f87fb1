// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** Command lines that need no daemon. */
@ResourceLock(Resources.SYSTEM_OUT)
@ResourceLock(Resources.SYSTEM_ERR)
class CommandsTest {
    @TempDir private Path home;

    private record Outcome(int status, String output, String error) {}

    private static Outcome run(String... words) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream error = new ByteArrayOutputStream();
        System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(error, true, StandardCharsets.UTF_8));
        try {
            int status =
                    Main.run(
                            _ -> {
                                throw new LunlockException(ExitCode.INTERNAL, "no daemon here");
                            },
                            words);
            return new Outcome(
                    status,
                    output.toString(StandardCharsets.UTF_8),
                    error.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private Outcome runHere(String... words) {
        return run(
                Stream.concat(Stream.of("--home", home.toString()), Stream.of(words))
                        .toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "stats | unknown command 'stats' (lunlock): did you mean 'status'?",
                "--hom x | unknown option '--hom' (lunlock): did you mean '--home'?",
                "volume ad | unknown command 'ad' (lunlock volume): did you mean 'add'?",
                "help rum | unknown command 'rum' (lunlock): did you mean 'run'?",
                "run | missing VOLUME (lunlock run): see lunlock run --help",
                "run backup | missing CMD (lunlock run): see lunlock run --help",
                "run backup ls -la | unknown option '-la' (lunlock run): an option of the command to"
                        + " run comes after --",
                "unmount a b | too many arguments, 'b' (lunlock unmount): see lunlock unmount --help",
                "mount a --wait soon | invalid value for option '--wait': 'soon' is not a span of time"
                        + " such as 500ms, 15s, 10m, 2h or 1d (lunlock mount): see lunlock mount"
                        + " --help",
                "mount a --wait 1s --no-wait | --wait=TIME, --no-wait are mutually exclusive (specify"
                        + " only one) (lunlock mount): see lunlock mount --help",
                "scsi capacty a | invalid value for positional parameter at index 0 (QUESTION):"
                        + " 'capacty', did you mean 'capacity'? (lunlock scsi): see lunlock scsi"
                        + " --help",
                "bench a --rw read --block 4x | invalid value for option '--block': '4x' is not a size"
                        + " such as 512, 4k or 1m (lunlock bench): see lunlock bench --help",
                "bench a --block 2m | a request has 512 bytes to 1 MiB (--block)",
                "bench a --depth 0 | 1 to 128 requests are under way (--depth)",
                "bench a --rw randwrite | writing destroys what the volume holds (--rw randwrite): add"
                        + " --destroy-data if nothing on it is needed",
                "run backup --no-mount -- tar c {} | there is no mount point with --no-mount (run):"
                        + " use {device} instead of {}"
            })
    void wrongUsageIsOneLineAndExitCode64(String words, String line) {
        Outcome outcome = run(words.strip().split(" "));

        assertThat(outcome.error()).isEqualTo("lunlock: " + line + "\n");
        assertThat(outcome.output()).isEmpty();
        assertThat(outcome.status()).isEqualTo(64);
    }

    @Test
    void versionAndHelpGoToStandardOutput() {
        assertThat(run("--version").output()).startsWith("lunlock ");
        assertThat(run("status", "--version").output()).isEqualTo(run("--version").output());
        assertThat(run("--help").output()).contains("Usage: lunlock", "unmount", "Exit codes");
        assertThat(run().output()).isEqualTo(run("--help").output());
        assertThat(run("help", "volume", "add").output()).contains("--chap-secret-file");
        assertThat(run("volume", "add", "--help").output())
                .isEqualTo(run("help", "volume", "add").output());
    }

    @ParameterizedTest
    @CsvSource({
        "run",
        "mount",
        "unmount",
        "attach",
        "detach",
        "status",
        "locks",
        "volume",
        "discover",
        "scsi",
        "bench",
        "daemon",
        "doctor",
        "help"
    })
    void everyCommandHasHelp(String command) {
        Outcome outcome = run("help", command);

        assertThat(outcome.status()).isZero();
        assertThat(outcome.output()).contains("Usage: lunlock " + command);
        assertThat(run("--help").output()).contains("\n  " + command);
    }

    @Test
    void volumesAreAddedListedShownAndRemoved() throws Exception {
        String url = "iscsi://192.0.2.1/iqn.2026-11.example:nas/1";
        Path secret = Files.writeString(home.resolve("secret"), "very secret indeed");
        Outcome added =
                runHere(
                        "volume",
                        "add",
                        "--no-identity",
                        "backup",
                        url,
                        "--mount",
                        "/mnt/backup",
                        "--chap-user",
                        "anna",
                        "--chap-secret-file",
                        secret.toString(),
                        "--term",
                        "20s");
        assertThat(added.error()).isEmpty();
        assertThat(added.status()).isZero();

        assertThat(runHere("volume", "list").output())
                .isEqualTo(
                        """
                        VOLUME  URL                                               MOUNTED ON
                        backup  iscsi://192.0.2.1:3260/iqn.2026-11.example:nas/1  /mnt/backup
                        """);
        assertThat(runHere("--json", "volume", "list").output())
                .startsWith("{\"volumes\":[{\"name\":\"backup\",\"url\":\"iscsi://192.0.2.1:3260/")
                .doesNotContain("very secret");
        assertThat(runHere("volume", "show", "backup").output())
                .contains("anna", "20s", secret.toString())
                .doesNotContain("very secret");
        assertThat(runHere("volume", "add", "backup", url).status()).isEqualTo(65);
        assertThat(runHere("volume", "show", "bakup").error()).contains("did you mean 'backup'");

        assertThat(runHere("volume", "remove", "backup").status()).isZero();
        assertThat(runHere("volume", "list").output()).startsWith("no volumes yet");
        assertThat(runHere("volume", "list", "--json").output()).isEqualTo("{\"volumes\":[]}\n");
    }

    @Test
    void whatOthersKnowIsImportedOnceAndUnderNamesThatAreFree() throws Exception {
        Path list =
                Files.writeString(
                        home.resolve("list"),
                        """
                        iscsi://192.0.2.1/iqn.2026-11.example:disk/1
                        iscsi://192.0.2.1/iqn.2026-11.example:disk/2
                        iscsi://192.0.2.2/iqn.2026-11.example:disk/2
                        iscsi://anna%geheimgeheim@192.0.2.1/iqn.2026-11.other:DISK/1
                        """);
        String[] words = {"volume", "import", "--no-identity", list.toString()};
        Outcome imported = runHere(words);

        assertThat(imported.status()).isZero();
        assertThat(imported.output())
                .isEqualTo(
                        """
                        ADDED   URL
                        disk    iscsi://192.0.2.1:3260/iqn.2026-11.example:disk/1
                        disk-2  iscsi://192.0.2.1:3260/iqn.2026-11.example:disk/2
                        disk-3  iscsi://192.0.2.1:3260/iqn.2026-11.other:disk/1
                        """);
        assertThat(imported.error())
                .isEqualTo(
                        "iscsi://192.0.2.2:3260/iqn.2026-11.example:disk/2 is there already: disk-2\n");
        assertThat(runHere("volume", "show", "disk-3").output())
                .contains("anna")
                .doesNotContain("geheim");
        Outcome again = runHere("volume", "import", "--json", "--no-identity", list.toString());
        assertThat(again.output()).isEqualTo("{\"added\":[]}\n");
        assertThat(again.error().lines()).hasSize(4);
        assertThat(runHere("volume", "import", "--lun", "70000", list.toString()).status())
                .isEqualTo(64);
    }

    @Test
    void aSecretOnTheCommandLineIsTakenWithAWarningAndNotShown() {
        Outcome added =
                runHere(
                        "volume",
                        "add",
                        "--no-identity",
                        "backup",
                        "iscsi://anna%geheimgeheim@192.0.2.1/iqn.2026-11.x:y/1");

        assertThat(added.status()).isZero();
        assertThat(added.error()).startsWith("warning: ").contains("--chap-secret-file");
        assertThat(added.error() + added.output()).doesNotContain("geheim");
        assertThat(runHere("volume", "show", "backup").output()).doesNotContain("geheim");
    }

    @Test
    void aWrongConfigurationIs78() throws Exception {
        Path file = Files.writeString(home.resolve("lunlock.toml"), "[volme.a]\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));

        Outcome outcome = runHere("volume", "list");

        assertThat(outcome.error()).startsWith("lunlock: ").contains("volme", "lunlock.toml:1");
        assertThat(outcome.status()).isEqualTo(78);
    }

    @Test
    void withoutADaemonItsStatusIsUnreachableAndStopHasNothingToDo() {
        assertThat(runHere("daemon", "status").status()).isEqualTo(69);
        assertThat(runHere("daemon", "stop").output()).isEqualTo("no daemon runs\n");
        assertThat(runHere("daemon", "stop", "--json").output()).isEqualTo("{\"type\":\"done\"}\n");
    }

    @Test
    void doctorSaysWhatTheHostCanDoAndStartsNoDaemon() {
        Outcome people = runHere("doctor");
        assertThat(people.output().lines())
                .isNotEmpty()
                .allMatch(line -> line.matches("(ok|degraded|missing) +host: .*"));
        Outcome programs = runHere("doctor", "--json");
        assertThat(programs.output()).startsWith("{\"host\":[{\"what\":").doesNotContain("target");
        assertThat(people.error()).isEmpty();
        assertThat(home.resolve("run")).doesNotExist();
    }
}
