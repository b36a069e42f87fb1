// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.config.Failures.assertFails;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lunlock.ExitCode;
import org.lunlock.iscsi.Lun;

class ImportFileTest {
    private static final String TARGET = "iqn.2004-04.com.qnap:ts-253:iscsi.macs.0a1b2c";

    @TempDir private Path directory;

    /** As iscsiadm 2.1.8 wrote it, but for node.startup. */
    private static String recorded() throws Exception {
        try (var in = ImportFileTest.class.getResourceAsStream("node-record")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Path file(String text) throws Exception {
        return Files.writeString(directory.resolve("file"), text);
    }

    private List<ImportedVolume> read(String text) throws Exception {
        return ImportFile.read(file(text), new Lun(3));
    }

    @Test
    void aNodeRecordBecomesItsTargetsLogicalUnit() throws Exception {
        ImportedVolume volume = read(recorded()).getFirst();

        assertThat(volume.name()).isEqualTo("iscsi.macs.0a1b2c");
        assertThat(volume.settings())
                .containsExactly(
                        Map.entry("url", "iscsi://192.0.2.7:3260/" + TARGET + "/3"),
                        Map.entry("chap-user", "anna"),
                        Map.entry("chap-secret", "geheimgeheim"),
                        Map.entry("header-digest", true),
                        Map.entry("login_timeout", "30s"));
        assertThat(volume.remarks())
                .singleElement()
                .asString()
                .startsWith("iscsid logs in to it whenever this machine starts: iscsiadm -m node")
                .contains(TARGET, "-p 192.0.2.7:3260 ", "node.startup -v manual");
    }

    @Test
    void severalRecordsAreSeveralVolumesAndWhatIsNotSetIsNot() throws Exception {
        String second =
                """
                # BEGIN RECORD 2.1.8
                node.name = iqn.2003-01.org.linux-iscsi:v6
                node.startup = manual
                node.session.auth.authmethod = CHAP
                node.session.auth.username = anna
                node.session.auth.password = geheimgeheim
                node.session.auth.username_in = nas
                node.session.auth.password_in = hemmelighemmelig
                node.conn[0].address = 2001:db8::7
                node.conn[0].port = 3261
                node.conn[0].iscsi.DataDigest = CRC32C,None
                node.conn[0].iscsi.HeaderDigest = None,CRC32C
                node.session.timeo.replacement_timeout = -1
                node.conn[0].timeo.noop_out_interval = 5
                iface.initiatorname = <empty>
                # END RECORD
                """;
        List<ImportedVolume> volumes = read(recorded() + second);

        assertThat(volumes).hasSize(2);
        assertThat(volumes.getLast().settings())
                .containsExactly(
                        Map.entry(
                                "url",
                                "iscsi://[2001:db8::7]:3261/iqn.2003-01.org.linux-iscsi:v6/3"),
                        Map.entry("chap-user", "anna"),
                        Map.entry("chap-secret", "geheimgeheim"),
                        Map.entry("mutual-user", "nas"),
                        Map.entry("mutual-secret", "hemmelighemmelig"),
                        Map.entry("data-digest", true));
        assertThat(volumes.getLast().remarks())
                .containsExactly("node.session.timeo.replacement_timeout = -1 is not taken over");
    }

    @Test
    void withoutAnAuthenticationMethodUserAndSecretAreNotUsed() throws Exception {
        String none = recorded().replace("authmethod = CHAP", "authmethod = None");

        assertThat(read(none).getFirst().settings()).doesNotContainKey("chap-user");
    }

    @Test
    void urlsAreTakenAsTheyAre() throws Exception {
        List<ImportedVolume> volumes =
                read(
                        """
                        # at home
                        iscsi://nas/iqn.2001-04.com.example:disk/1

                          iscsi://anna%geheimgeheim@nas:3261/eui.02004567A425678D/2
                        """);

        assertThat(volumes)
                .extracting(ImportedVolume::name)
                .containsExactly("disk", "eui.02004567a425678d");
        assertThat(volumes.getLast().settings())
                .containsExactly(
                        Map.entry(
                                "url",
                                "iscsi://anna%geheimgeheim@nas:3261/eui.02004567A425678D/2"));
    }

    @Test
    void aDirectoryIsAllThatIsBelowIt() throws Exception {
        Path below = Files.createDirectories(directory.resolve("nodes/a/192.0.2.7,3260,1"));
        Files.writeString(below.resolve("default"), recorded());
        Files.writeString(
                directory.resolve("nodes/b"), "iscsi://nas/iqn.2001-04.com.example:disk/1");

        assertThat(ImportFile.read(directory.resolve("nodes"), new Lun(0)))
                .extracting(ImportedVolume::name)
                .containsExactly("iscsi.macs.0a1b2c", "disk");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '"',
            value = {
                "node.conn[0].address = nas; a node record without node.name; 1",
                "node.name = iqn.a:b/node.conn[0].address = ; a node record without"
                        + " node.conn[0].address; 1",
                "# one/node.name = disk; 'disk' does not begin with iqn.; 2",
                "node.name = iqn.a:b/node.conn[0].address = nas/node.conn[0].port = 0; port 0 is not"
                        + " in 1..65535; 1",
                "node.name = iqn.a:b/node.conn[0].address = nas/node.session.auth.authmethod = CHAP/"
                        + "node.session.auth.password = ********; a node record whose secret is"
                        + " masked; 1",
                "node.name = iqn.a:b/geheim; neither a setting of a node record nor an iSCSI URL; 2",
            })
    void whatCannotBeUsedIsNamedWithItsLine(String lines, String what, int line) {
        assertFails(ExitCode.DATA, () -> read(lines.replace('/', '\n')))
                .startsWith(what)
                .contains("/file:" + line + "): ")
                .doesNotContain("geheim");
    }

    @Test
    void whatHasNoVolumesOrCannotBeReadIsSaid() throws Exception {
        assertFails(ExitCode.DATA, () -> read("# nothing\n"))
                .isEqualTo(
                        "no node records of open-iscsi and no iSCSI URLs (%s): check that it is this"
                                        .formatted(directory.resolve("file"))
                                + " file");
        assertFails(ExitCode.DATA, () -> ImportFile.read(directory.resolve("none"), new Lun(0)))
                .contains("none");
        Files.write(directory.resolve("file"), new byte[] {'i', (byte) 0xff});
        assertFails(ExitCode.DATA, () -> ImportFile.read(directory.resolve("file"), new Lun(0)))
                .contains("not UTF-8");
        Files.write(directory.resolve("file"), new byte[(1 << 20) + 1]);
        assertFails(ExitCode.DATA, () -> ImportFile.read(directory.resolve("file"), new Lun(0)))
                .contains("larger than 1048576 bytes");
    }

    @ParameterizedTest
    @CsvSource({
        "iqn.2001-04.com.example:disk, disk",
        "iqn.2001-04.com.example, iqn.2001-04.com.example",
        "iqn.2001-04.com.example:, volume",
        "iqn.2001-04.com.example:-ä.b, b",
        "naa.52004567ba64678d, naa.52004567ba64678d",
    })
    void aVolumeIsCalledLikeTheEndOfItsTarget(String target, String name) throws Exception {
        assertThat(read("iscsi://nas/" + target + "/0").getFirst().name()).isEqualTo(name);
    }
}
