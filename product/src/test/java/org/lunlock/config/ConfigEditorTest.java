// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.config.Failures.assertFails;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.ExitCode;

class ConfigEditorTest {
    private static final String URL = "iscsi://nas/iqn.2001-04.com.example:disk/1";
    private static final Home.Machine USER = new Home.Machine(false, false, Path.of("/home/eva"));

    @TempDir private Path directory;
    private Home home;
    private ConfigEditor editor;

    @BeforeEach
    void openAHome() throws Exception {
        home = Home.resolve(directory.resolve("home"), Map.of(), USER);
        editor = new ConfigEditor(home);
    }

    private void write(String text) throws Exception {
        Home.makeDirectory(directory.resolve("home"));
        Files.deleteIfExists(home.configFile());
        Files.createFile(
                home.configFile(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(home.configFile(), text);
    }

    private String text() throws Exception {
        return Files.readString(home.configFile());
    }

    @Test
    void theFirstVolumeMakesTheFileForItsOwnerOnly() throws Exception {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("url", URL);
        settings.put("mount", "/mnt/a \"quoted\" name");
        settings.put("header-digest", true);
        settings.put("queue-depth", 8);
        settings.put("chap-algorithms", List.of("MD5"));

        editor.add("backup", settings);

        assertThat(text())
                .isEqualTo(
                        """
                        [volume.backup]
                        url = "iscsi://nas/iqn.2001-04.com.example:disk/1"
                        mount = "/mnt/a \\"quoted\\" name"
                        header-digest = true
                        queue-depth = 8
                        chap-algorithms = ["MD5"]
                        """);
        assertThat(Files.getPosixFilePermissions(home.configFile()))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(Configuration.load(home.configFile()).volume("backup").mount().point())
                .isEqualTo(Path.of("/mnt/a \"quoted\" name"));
    }

    @Test
    void commentsAndSpacingStayWhenAVolumeIsAdded() throws Exception {
        String before = "# all hosts\n\n   [initiator]   # this one\nterm='20s'\t# not less\n";
        write(before);

        editor.add("backup", Map.of("url", URL));

        assertThat(text()).isEqualTo(before + "\n[volume.backup]\nurl = \"" + URL + "\"\n");
    }

    @Test
    void aVolumeGoesWithItsOwnCommentAndLeavesTheOthers() throws Exception {
        String first = "# the lab\n\n[volume.a] # first\nurl = '" + URL + "'\n";
        String last = "\n# c is slow\n[volume.c]\nurl='" + URL + "'";
        write(first + "\n# b is for the photos\n[volume.b]\nurl = '" + URL + "'\n" + last);

        editor.remove("b");

        assertThat(text()).isEqualTo(first + last);
    }

    @Test
    void aCommentOnAllVolumesOutlivesTheLast() throws Exception {
        write("# ours\n[volume] # all\n# of them\n\n[volume.a]\nurl = '" + URL + "'\n");

        editor.remove("a");

        assertThat(text()).isEqualTo("# ours\n[volume] # all\n# of them\n");
    }

    @Test
    void oneKeyIsSetInItsPlace() throws Exception {
        String rest = "\n[volume.b]\nurl='" + URL + "'\n";
        write("[volume.a]\nurl='" + URL + "' # nas\n" + rest);

        editor.set("a", "identity", "naa.6001405");
        editor.set("a", "identity", "naa.6001406");

        assertThat(text())
                .isEqualTo(
                        "[volume.a]\nurl='%s' # nas\nidentity = \"naa.6001406\"\n%s"
                                .formatted(URL, rest));
    }

    @Test
    void aNameThatIsTakenIsRefused() throws Exception {
        editor.add("backup", Map.of("url", URL));
        String before = text();

        assertFails(ExitCode.DATA, () -> editor.add("backup", Map.of("url", URL)))
                .contains("exists already");

        assertThat(text()).isEqualTo(before);
    }

    @Test
    void anUnknownVolumeIsNotRemoved() throws Exception {
        editor.add("backup", Map.of("url", URL));

        assertFails(ExitCode.DATA, () -> editor.remove("backpu")).contains("did you mean 'backup'");
        assertFails(ExitCode.DATA, () -> editor.set("x", "identity", "y"));
    }

    @Test
    void wrongSettingsAreRefusedBeforeTheFileIsTouched() throws Exception {
        editor.add("backup", Map.of("url", URL));
        String before = text();

        assertFails(ExitCode.DATA, () -> editor.add("a", Map.of("url", "nas")))
                .contains("(volume a)", "iscsi://host");
        assertFails(ExitCode.DATA, () -> editor.add("a", Map.of("url", URL, "mout", "/x")))
                .contains("did you mean 'mount'");
        assertFails(ExitCode.DATA, () -> editor.add("../a", Map.of("url", URL)))
                .contains("cannot be a volume's name");
        assertFails(ExitCode.DATA, () -> editor.add("a", Map.of("url", "\ud800")));
        assertFails(ExitCode.DATA, () -> editor.add("a", Map.of("url", 'x')));
        assertFails(ExitCode.CONFIGURATION, () -> editor.set("backup", "term", "soon"));
        assertFails(ExitCode.CONFIGURATION, () -> editor.add("BACKUP", Map.of("url", URL)))
                .contains("differ only in case");

        assertThat(text()).isEqualTo(before);
    }

    @Test
    void aFileThatIsWrongAlreadyIsNotEdited() throws Exception {
        String before = "[volume.a]\nmout = 1\n";
        write(before);

        assertFails(ExitCode.CONFIGURATION, () -> editor.add("b", Map.of("url", URL)));

        assertThat(text()).isEqualTo(before);
    }

    @Test
    void aFileOpenToOthersIsNotEdited() throws Exception {
        write("");
        Files.setPosixFilePermissions(
                home.configFile(), PosixFilePermissions.fromString("rw-r--r--"));

        assertFails(ExitCode.CONFIGURATION, () -> editor.add("b", Map.of("url", URL)))
                .contains("chmod 600");
    }

    @Test
    void aSymbolicLinkStaysOne() throws Exception {
        Path real = directory.resolve("dotfiles.toml");
        write("");
        Files.move(home.configFile(), real);
        Files.createSymbolicLink(home.configFile(), real);

        editor.add("backup", Map.of("url", URL));

        assertThat(home.configFile()).isSymbolicLink();
        assertThat(Files.readString(real)).contains("[volume.backup]");
    }

    @Test
    void nothingIsLeftBeside() throws Exception {
        editor.add("a", Map.of("url", URL));
        editor.remove("a");

        try (Stream<Path> files = Files.list(directory.resolve("home"))) {
            assertThat(files).containsExactlyInAnyOrder(home.configFile(), home.stateDirectory());
        }
        assertThat(text()).isEmpty();
    }

    @Test
    void editsAtTheSameTimeComeOneAfterTheOther() throws Exception {
        List<Future<?>> edits = new ArrayList<>();
        try (var threads = Executors.newFixedThreadPool(4)) {
            for (int i = 0; i < 8; i++) {
                String name = "v" + i;
                edits.add(
                        threads.submit(() -> {
                            new ConfigEditor(home).add(name, Map.of("url", URL));
                            return null;
                        }));
            }
        }
        for (Future<?> edit : edits) {
            edit.get();
        }

        assertThat(Configuration.load(home.configFile()).volumes()).hasSize(8);
    }

    /** Whatever people wrote stays, byte for byte; only blank lines at the end may move. */
    @Test
    void addingAndRemovingLeavesWhatPeopleWrote() throws Exception {
        List<String> pieces =
                List.of(
                        "# a comment\n",
                        "\n",
                        "   \t\n",
                        "#\n# two lines = [x]\n\n",
                        "# no newline between \"quotes\" and [volume.fake]\n");
        for (long seed = 1; seed <= 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            StringBuilder before = new StringBuilder();
            for (int table = 0; table < random.nextInt(5); table++) {
                scatter(before, random, pieces);
                before.append("[volume.v%d]%s\n".formatted(table, spaces(random)));
                scatter(before, random, pieces);
                before.append("url%s=%s'%s'".formatted(spaces(random), spaces(random), URL));
                before.append(random.nextBoolean() ? " # [x]\n" : "\n");
            }
            scatter(before, random, pieces);
            write(before.toString());

            String kept = before.toString().stripTrailing();

            editor.add("added", Map.of("url", URL));

            assertThat(text()).as("seed %d", seed).startsWith(kept);
            editor.remove("added");
            assertThat(text().stripTrailing()).as("seed %d", seed).isEqualTo(kept);
        }
    }

    private static void scatter(StringBuilder to, SplittableRandom random, List<String> pieces) {
        for (int i = random.nextInt(3); i > 0; i--) {
            to.append(pieces.get(random.nextInt(pieces.size())));
        }
    }

    private static String spaces(SplittableRandom random) {
        return " ".repeat(random.nextInt(3));
    }
}
