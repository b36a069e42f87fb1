// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Repository;

/** Holds docs/compliance.md to what there is: the classes and the tests it names. */
class ComplianceTest {
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))\\.(\\w+)`");
    private static final Pattern CLASS = Pattern.compile("`([A-Z]\\w+)`");

    @Test
    void everyRowNamesTestsAndClassesThatExist() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (Path file : Repository.files(".java")) {
            String name = file.getFileName().toString().replace(".java", "");
            sources.put(name, Files.readString(file));
        }
        String text = Files.readString(Repository.root().resolve("docs/compliance.md"));
        List<String> missing = new ArrayList<>();
        int tests = 0;
        for (Matcher named = TEST.matcher(text); named.find(); tests++) {
            String source = sources.getOrDefault(named.group(1), "");
            if (!source.contains("void " + named.group(2) + "(")) {
                missing.add(named.group());
            }
        }
        for (Matcher named = CLASS.matcher(text); named.find(); ) {
            if (!sources.containsKey(named.group(1))) {
                missing.add(named.group());
            }
        }
        assertThat(missing).isEmpty();
        assertThat(tests).as("tests named").isGreaterThan(50);
    }
}
