// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class VersionTest {
    @Test
    void theProgramsVersionIsThatOfTheBuild() throws Exception {
        assertThat(Files.readString(Path.of("pom.xml")))
                .contains("<version>" + Version.CURRENT + "</version>");
    }
}
