// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadmeTest {

    /** Surefire runs in the module's directory. */
    @Test
    void theReadmeShowsTheExampleThatIsTested() throws IOException {
        Path source = Path.of("src/test/java/org/lunlock/iscsi/example/ReadFirstBlock.java");
        List<String> lines = Files.readAllLines(source);
        List<String> example =
                lines.subList(
                        lines.indexOf("    // shown from here") + 1,
                        lines.indexOf("    // to here"));
        assertThat(example).hasSizeBetween(10, 20);
        assertThat(Files.readString(Path.of("README.md"))).contains(String.join("\n", example));
    }
}
