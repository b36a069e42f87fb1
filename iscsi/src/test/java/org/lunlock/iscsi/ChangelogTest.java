// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Repository;

class ChangelogTest {
    private static final Pattern VERSION = Pattern.compile("<version>([^<]+)</version>");
    private static final Pattern HEADING =
            Pattern.compile("^## \\[?([^\\]\\s]+)", Pattern.MULTILINE);
    private static final String SNAPSHOT = "-SNAPSHOT";

    @Test
    void beginsWithTheVersionThatIsBuilt() throws IOException {
        String version = first(VERSION, "pom.xml");
        String heading = first(HEADING, "CHANGELOG.md");
        if (version.endsWith(SNAPSHOT)) {
            assertThat(heading).isIn("Unreleased", version.replace(SNAPSHOT, ""));
        } else {
            assertThat(heading).isEqualTo(version);
        }
    }

    private static String first(Pattern pattern, String file) throws IOException {
        Matcher matcher = pattern.matcher(Files.readString(Repository.root().resolve(file)));
        assertThat(matcher.find()).as("%s in %s", pattern, file).isTrue();
        return matcher.group(1);
    }
}
