// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.config.Failures.assertFails;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.Secret;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;

class ConfigurationTest {
    private static final Path FILE = Path.of("/etc/lunlock/lunlock.toml");
    private static final String URL = "url = 'iscsi://nas/iqn.2001-04.com.example:disk/1'\n";

    private static Configuration parse(String text) throws Exception {
        return Configuration.parse(text, FILE);
    }

    private static VolumeConfig volume(String settings) throws Exception {
        return parse("[volume.backup]\n" + URL + settings).volume("backup");
    }

    @Test
    void everySettingIsRead() throws Exception {
        VolumeConfig volume =
                parse(
                                """
                                [volume.backup]
                                portal = "[fd00::1]:3261"
                                target = "iqn.2001-04.com.example:disk"
                                lun = 300
                                mount = "/mnt/backup"
                                options = "noatime,nodev"
                                file-system = "ext4"
                                partition = 3
                                fsck = "auto"
                                attach = "nbd"
                                chap-user = "eva"
                                chap-secret-file = "eva.secret"
                                mutual-user = "nas"
                                mutual-secret = "of the target"
                                header-digest = true
                                data-digest = true
                                chap-algorithms = ["MD5"]
                                fence = "none"
                                term = "30s"
                                login_timeout = 7
                                logout_timeout = "500ms"
                                noop_out_interval = "10s"
                                noop_out_timeout = "11s"
                                replacement_timeout = "2m"
                                abort_timeout = "12s"
                                lu_reset_timeout = "13s"
                                tgt_reset_timeout = "14s"
                                queue-depth = 64
                                error-recovery-level = 2
                                connections = 4
                                identity = "naa.6001405"
                                """)
                        .volume("backup");

        assertThat(volume.portal()).isEqualTo(new Portal("fd00::1", 3261));
        assertThat(volume.target()).isEqualTo(IscsiName.of("iqn.2001-04.com.example:disk"));
        assertThat(volume.lun()).isEqualTo(new Lun(300));
        assertThat(volume.mount())
                .isEqualTo(
                        new MountConfig(
                                Path.of("/mnt/backup"), "noatime,nodev", "ext4", Fsck.AUTO));
        assertThat(volume.partition()).isEqualTo(3);
        assertThat(volume.chap())
                .isEqualTo(new Credentials("eva", null, Path.of("/etc/lunlock/eva.secret")));
        assertThat(volume.mutual())
                .isEqualTo(new Credentials("nas", Secret.of("of the target"), null));
        assertThat(volume.attach()).isEqualTo(AttachMethod.NBD);
        assertThat(volume.fence()).isEqualTo(Fence.NONE);
        assertThat(volume.term()).hasSeconds(30);
        assertThat(volume.identity()).isEqualTo("naa.6001405");
        assertThat(volume.session())
                .isEqualTo(
                        new SessionConfig(
                                true,
                                true,
                                List.of("MD5"),
                                2,
                                4,
                                64,
                                Timeouts.DEFAULT
                                        .with(Step.LOGIN, Duration.ofSeconds(7))
                                        .with(Step.LOGOUT, Duration.ofMillis(500))
                                        .with(Step.NOOP_OUT_INTERVAL, Duration.ofSeconds(10))
                                        .with(Step.NOOP_OUT_TIMEOUT, Duration.ofSeconds(11))
                                        .with(Step.REPLACEMENT, Duration.ofMinutes(2))
                                        .with(Step.ABORT, Duration.ofSeconds(12))
                                        .with(Step.LOGICAL_UNIT_RESET, Duration.ofSeconds(13))
                                        .with(Step.TARGET_RESET, Duration.ofSeconds(14))));
    }

    @Test
    void aUrlAloneIsAVolumeWithTheDefaults() throws Exception {
        VolumeConfig volume = volume("");

        assertThat(volume.url()).hasToString("iscsi://nas:3260/iqn.2001-04.com.example:disk/1");
        assertThat(volume.chap()).isNull();
        assertThat(volume.attach()).isEqualTo(AttachMethod.AUTO);
        assertThat(volume.fence()).isEqualTo(Fence.RESERVATION);
        assertThat(volume.term()).hasSeconds(15);
        assertThat(volume.partition()).isZero();
        assertThat(volume.session()).isEqualTo(SessionConfig.DEFAULT);
        assertThat(volume.mount()).isEqualTo(new MountConfig(null, "", null, Fsck.NEVER));
    }

    @Test
    void theInitiatorsSettingsHoldForVolumesThatHaveNoneOfTheirOwn() throws Exception {
        Configuration configuration =
                parse(
                        "[initiator]\nname = 'IQN.2020-01.org.example:me'\nterm = '20s'\n"
                                + "login_timeout = 3\nqueue-depth = 8\n"
                                + "[volume.a]\n"
                                + URL
                                + "[volume.b]\n"
                                + URL
                                + "queue-depth = 16\nterm = '5s'\n");

        assertThat(configuration.initiator().name())
                .isEqualTo(IscsiName.of("iqn.2020-01.org.example:me"));
        assertThat(configuration.volume("a").term()).hasSeconds(20);
        assertThat(configuration.volume("a").session().queueDepth()).isEqualTo(8);
        assertThat(configuration.volume("b").term()).hasSeconds(5);
        assertThat(configuration.volume("b").session().queueDepth()).isEqualTo(16);
        assertThat(configuration.volume("b").session().timeouts().of(Step.LOGIN)).hasSeconds(3);
        assertThat(configuration.volumes().keySet()).containsExactly("a", "b");
    }

    @Test
    void aUserInTheUrlMayHaveItsSecretInAFile() throws Exception {
        VolumeConfig volume =
                parse("[volume.a]\nurl = 'iscsi://eva@nas/iqn.x:y/0'\nchap-secret-file = '/s'\n")
                        .volume("a");

        assertThat(volume.chap()).isEqualTo(new Credentials("eva", null, Path.of("/s")));
    }

    @Test
    void pathsBeginBesideTheFileOrAtHome() throws Exception {
        String home = System.getProperty("user.home");

        assertThat(volume("chap-user='u'\nchap-secret-file='../s'").chap())
                .isEqualTo(new Credentials("u", null, Path.of("/etc/s")));
        assertThat(volume("mount='~/backup'").mount().point()).isEqualTo(Path.of(home, "backup"));
    }

    @Test
    void everyErrorIsReportedWithItsPlace() {
        assertFails(
                        ExitCode.CONFIGURATION,
                        () ->
                                parse(
                                        """
                                        [initiatr]
                                        [volume.backup]
                                        url = "iscsi://nas/iqn.x:y/0"
                                        mout = "/mnt"
                                          queue-depth = 0
                                        [volume.other]
                                        term = "soon"
                                        """))
                .isEqualTo(
                        """
                        5 errors (/etc/lunlock/lunlock.toml): correct them
                          1:1 unknown key 'initiatr': did you mean 'initiator'?
                          4:1 [volume.backup] unknown key 'mout': did you mean 'mount'?
                          5:3 [volume.backup] 'queue-depth' is 0: use 1 to 128
                          6:1 [volume.other] no address: add url = "iscsi://host/target-name/lun", \
                        or portal, target and lun
                          7:1 [volume.other] 'term' cannot be used: 'soon' is not a span of time \
                        such as 500ms, 15s, 10m, 2h or 1d\
                        """);
    }

    @Test
    void oneErrorIsOneLine() {
        assertFails(ExitCode.CONFIGURATION, () -> volume("Mount = '/mnt'\n"))
                .isEqualTo(
                        "[volume.backup] unknown key 'Mount' (/etc/lunlock/lunlock.toml:3:1): "
                                + "did you mean 'mount'?");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "mount = 3                                 | 'mount' has the wrong type",
                "mount = ''                                | 'mount' is empty",
                "header-digest = 'yes'                     | it is true or false",
                "queue-depth = 1.5                         | it is a whole number",
                "queue-depth = 129                         | use 1 to 128",
                "connections = 9                           | use 1 to 8",
                "queue-depth = -9223372036854775808        | use 1 to 128",
                "lun = 16384                               | use 0 to 16383",
                "lun = 1                                   | 'url' beside",
                "term = 0                                  | use 1s to 10m",
                "term = -5                                 | is not a span",
                "term = true                               | is not a span",
                "term = '1h'                               | use 1s to 10m",
                "login_timeout = 99999999999               | is not a span",
                "noop_out_interval = 0                     | use 100ms to 1d",
                "login-timeout = 5                         | did you mean 'login_timeout'",
                "fence = 'wall'                            | \"reservation\" or \"none\"",
                "attach = 'loop'                           | \"auto\", \"fuse\" or \"nbd\"",
                "chap-algorithms = []                      | SHA256, SHA1, MD5",
                "chap-algorithms = ['MD4']                 | SHA256, SHA1, MD5",
                "chap-algorithms = [[1]]                   | SHA256, SHA1, MD5",
                "chap-algorithms = 'MD5'                   | a list of strings",
                "chap-user = 'u'                           | a user without a secret",
                "chap-secret = 's'                         | a secret without a user",
                "mutual-secret-file = 's'                  | a secret without a user",
                "mutual-user='m'\\nmutual-secret='t'       | without 'chap-user'",
                "chap-user='u'\\nchap-secret='s'\\nchap-secret-file='f' | keep 'chap-secret-file'",
                "options = 'a b'                           | write it like",
                "options = '-o'                            | write it like",
                "file-system = '../x'                      | write it like",
                "mount = \"/mnt\\u0000\"                   | 'mount' cannot be used",
                "x = 1                                     | the keys are url",
            })
    void aWrongSettingIsRefusedWithItsReason(String setting, String reason) {
        assertFails(ExitCode.CONFIGURATION, () -> volume(setting.replace("\\n", "\n")))
                .contains(reason)
                .containsPattern("[2-5]:[0-9]+");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "volume = 3",
                "volume.a = 'x'",
                "[[volume]]",
                "[[volume.a]]",
                "initiator = []",
                "[volume.'']\nurl='iscsi://nas/iqn.x:y/0'",
                "[volume.'../../etc']\nurl='iscsi://nas/iqn.x:y/0'",
                "[volume.'a/b']\nurl='iscsi://nas/iqn.x:y/0'",
                "[volume.a]\nurl='iscsi://nas/iqn.x:y/0'\n[volume.A]\nurl='iscsi://nas/iqn.x:y/0'",
                "[volume.a]\n[volume.a]",
                "[volume.a]\nurl='http://nas/'",
                "[volume.a]\nurl='iscsi://nas:99999/iqn.x:y/0'",
                "[volume.a]\nurl='iscsi://nas/iqn.x:y/99999'",
                "[volume.a]\nurl='iscsi://u@nas/iqn.x:y/0'",
                "[volume.a]\nurl='iscsi://u%s@nas/iqn.x:y/0'\nchap-user='v'\nchap-secret='t'",
                "[volume.a]\nportal='nas'",
                "[volume.a]\nportal='nas'\ntarget='disk'",
                "a = \"unterminated",
                "\ufeffa = 1",
                "a = \u0000",
                "= = =",
                "a = 1\na = 2",
            })
    void hostileTomlIsRefusedWithItsPlace(String text) {
        assertFails(ExitCode.CONFIGURATION, () -> parse(text)).containsPattern("[0-9]+:[0-9]+");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[", "{b=", "[a.", "'''", "\"\\u"})
    void deepOrEndlessTomlIsRefused(String piece) {
        assertFails(ExitCode.CONFIGURATION, () -> parse("a = " + piece.repeat(100_000)))
                .hasSizeLessThan(4000);
    }

    @Test
    void noMessageCanSteerTheTerminalOrForgeALine() {
        assertFails(
                        ExitCode.CONFIGURATION,
                        () -> parse("\"a\\u001b[31m\\nlunlock: all is well\" = 1\n"))
                .doesNotContain("\u001b")
                .doesNotContain("\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "chap-secret = hunter2xyz",
                "chap-secret = \"\\qhunter2xyz\"",
                "chap-secret = \"hunter2xyz",
                "chap-secret = ['hunter2xyz']",
                "chap-secret = 'hunter2xyz'",
                "chap-user = 'u'\nchap-secret = 'hunter2xyz'\nchap-secret-file = 'f'",
                "chap-user = 'u'\nchap-secret = 'hunter2xyz'\nqueue-depth = 0",
                "url = 'iscsi://u%hunter2xyz@nas/iqn.x:y/bad'",
                "url = 'iscsi://u%hunter2xyz@nas:bad/iqn.x:y/0'",
            })
    void noErrorTellsASecret(String setting) {
        assertFails(ExitCode.CONFIGURATION, () -> parse("[volume.a]\n" + setting + "\n"))
                .doesNotContain("hunter2");
    }

    @Test
    void neitherTextNorDescriptionTellsASecret() throws Exception {
        VolumeConfig volume =
                parse(
                                """
                                [volume.a]
                                url = "iscsi://u%hunter2@nas/iqn.x:y/0"
                                mutual-user = "m"
                                mutual-secret = "hunter3"
                                """)
                        .volume("a");

        assertThat(volume.toString() + volume.describe()).doesNotContain("hunter");
        assertThat(volume.describe())
                .containsEntry("name", "a")
                .containsEntry("url", "iscsi://nas:3260/iqn.x:y/0")
                .containsEntry("chap-user", "u")
                .containsEntry("mutual-user", "m")
                .containsEntry("attach", "auto")
                .containsEntry("term", "15s")
                .containsEntry("replacement_timeout", "2m")
                .containsEntry("queue-depth", 32);
    }

    @Test
    void anUnknownVolumeNamesTheNearest() throws Exception {
        Configuration configuration = parse("[volume.backup]\n" + URL);

        assertFails(ExitCode.DATA, () -> configuration.volume("bakcup"))
                .isEqualTo("unknown volume (bakcup): did you mean 'backup'?");
        assertFails(ExitCode.DATA, () -> configuration.volume("music"))
                .contains("lunlock volume list");
    }

    @Test
    void aUrlIsAVolumeWithoutAName() throws Exception {
        Configuration configuration = parse("[initiator]\nterm='30s'\n[volume.backup]\n" + URL);

        VolumeConfig adHoc = configuration.volumeOrUrl("iscsi://u%s@nas/iqn.x:y/3");

        assertThat(adHoc.name()).isEqualTo("iscsi://u@nas:3260/iqn.x:y/3");
        assertThat(adHoc.chap()).isEqualTo(new Credentials("u", Secret.of("s"), null));
        assertThat(adHoc.term()).hasSeconds(30);
        assertThat(configuration.volumeOrUrl("backup").name()).isEqualTo("backup");
        assertFails(ExitCode.DATA, () -> configuration.volumeOrUrl("iscsi://nas"));
        assertFails(ExitCode.DATA, () -> configuration.volumeOrUrl("iscsi://u@nas/iqn.x:y/3"))
                .contains("no secret");
    }

    @Test
    void aMissingFileIsAnEmptyConfiguration(@TempDir Path directory) throws Exception {
        assertThat(Configuration.load(directory.resolve("none/lunlock.toml"))).isEqualTo(parse(""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rwxrwxrwx"})
    void aFileOpenToOthersIsRefused(String mode, @TempDir Path directory) throws Exception {
        Path file = write(directory, "", mode);

        assertFails(ExitCode.CONFIGURATION, () -> Configuration.load(file))
                .contains("open to other users", "chmod 600 '" + file + "'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "r--------"})
    void aFileOfOurOwnIsRead(String mode, @TempDir Path directory) throws Exception {
        Path file = write(directory, "[volume.backup]\n" + URL, mode);

        assertThat(Configuration.load(file).volumes()).containsOnlyKeys("backup");
    }

    @Test
    void aDirectoryIsNoConfiguration(@TempDir Path directory) {
        assertFails(ExitCode.CONFIGURATION, () -> Configuration.load(directory))
                .contains("not a regular file");
    }

    @Test
    void aFileThatIsNotUtf8IsRefused(@TempDir Path directory) throws Exception {
        Path file = write(directory, "", "rw-------");
        Files.write(file, new byte[] {'#', (byte) 0xff, '\n'});

        assertFails(ExitCode.CONFIGURATION, () -> Configuration.load(file)).contains("UTF-8");
    }

    @Test
    void aHugeFileIsNotRead(@TempDir Path directory) throws Exception {
        Path file = write(directory, "#".repeat(Configuration.FILE_BYTES_MAX + 1), "rw-------");

        assertFails(ExitCode.CONFIGURATION, () -> Configuration.load(file)).contains("larger than");
    }

    private static Path write(Path directory, String text, String mode) throws Exception {
        Path file = Files.writeString(directory.resolve("lunlock.toml"), text);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }
}
