// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.lunlock.iscsi.testkit.Repository;

class CitationTest {
    /** Not written out in this file: it would be a citation. */
    private static final String RFC_7143 = "RFC " + 7143 + " \u00a7";

    private final Citations citations = new Citations();

    @Test
    void citedSectionsExistAndHaveTheTitlesWeGive(TestReporter reporter) throws IOException {
        List<String> problems = new ArrayList<>();
        for (Path file : Repository.files(".java", ".md")) {
            boolean java = file.toString().endsWith(".java");
            for (String problem : citations.problems(Files.readString(file), java)) {
                problems.add(Repository.root().relativize(file) + " " + problem);
            }
        }
        reporter.publishEntry("citations checked", Integer.toString(citations.checked()));
        assertThat(problems).isEmpty();
        assertThat(citations.checked()).as("citations found").isPositive();
    }

    @Test
    void rightCitationIsNoProblem() {
        assertThat(problems("11.9 (Asynchronous Message).")).isEmpty();
        assertThat(problems("11.2.1.1 (I (Immediate) Bit)")).isEmpty();
        assertThat(problems("4.2.7.4 (Type \"iqn.\" (iSCSI Qualified Name))")).isEmpty();
        assertThat(problems("A.4 (CRC Examples)")).isEmpty();
        assertThat(citations.checked()).isEqualTo(4);
    }

    @Test
    void abbreviationAtTheEndMayBeLeftOut() {
        assertThat(problems("11.8 (Ready To Transfer (R2T))")).isEmpty();
        assertThat(problems("11.8 (Ready To Transfer)")).isEmpty();
    }

    @Test
    void titleMayWrapInAComment() {
        assertThat(problems("11.9 (Asynchronous\n     * Message). More.")).isEmpty();
        assertThat(problems("11.9\n        // (Asynchronous Message)")).isEmpty();
    }

    @Test
    void wrongTitleIsFoundWithItsLine() {
        assertThat(citations.problems("one\ntwo\n" + RFC_7143 + "11.8 (SCSI Command)", true))
                .singleElement()
                .asString()
                .startsWith("line 3: ")
                .endsWith("its title is (Ready To Transfer (R2T))");
    }

    @Test
    void wrongSectionIsFound() {
        assertThat(problems("11.42 (Ready To Transfer)")).hasSize(1);
        assertThat(citations.problems("RFC " + 3720 + " \u00a71 (Introduction)", true)).hasSize(1);
    }

    @Test
    void missingTitleIsFoundWhereItIsNeeded() {
        assertThat(problems("11.8.")).hasSize(1);
        assertThat(citations.problems(RFC_7143 + "11.8.", false)).isEmpty();
        assertThat(citations.problems(RFC_7143 + "11.42.", false)).hasSize(1);
    }

    private List<String> problems(String citation) {
        return citations.problems("See " + RFC_7143 + citation, true);
    }
}
