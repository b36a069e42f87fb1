// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.lockserver.OpenApi.Operation;
import org.lunlock.lockserver.api.Problem;
import org.lunlock.lockserver.store.Right;

/**
 * What the description says is what there is. The other way round {@link TestServer} sees to: it
 * holds every answer in every test against the description.
 */
@NullMarked
class OpenApiTest {
    private static final String EVENTS = "/v1/events";

    @TempDir private Path directory;

    @Test
    void describesEveryFieldOfEveryRecord() {
        OpenApi document = OpenApi.read();
        List<Class<?>> records = records();
        assertThat(records).hasSizeGreaterThan(10);
        for (Class<?> type : records) {
            List<String> fields =
                    Arrays.stream(type.getRecordComponents())
                            .map(RecordComponent::getName)
                            .toList();
            assertThat(document.schema(type.getSimpleName()).path("properties").propertyNames())
                    .as(type.getSimpleName())
                    .containsExactlyInAnyOrderElementsOf(fields);
        }
    }

    /** Those of the interface: all top-level records of its package. */
    private static List<Class<?>> records() {
        return new ClassFileImporter()
                .importPackages(Problem.class.getPackageName()).stream()
                        .filter(type -> type.isRecord() && type.isTopLevelClass())
                        .<Class<?>>map(JavaClass::reflect)
                        .toList();
    }

    @Test
    void everyPathIsThereAndAnswersAsDescribed() throws Exception {
        try (TestServer server = TestServer.start(directory)) {
            String boss = server.token("boss", Right.ADMIN, "*");
            for (Operation one : OpenApi.read().operations()) {
                if (!one.path().equals(EVENTS)) { // which does not end
                    String path = one.at("v", "c".repeat(16));
                    assertThat(server.send(boss, one.method(), path, "{}"))
                            .satisfies(it -> assertThat(it.statusCode()).isIn(200, 400, 404))
                            .satisfies(it -> assertThat(it.body()).doesNotContain("nothing here"));
                }
            }
        }
    }

    @Test
    void methodsThatAreNotDescribedAreRefused() throws Exception {
        try (TestServer server = TestServer.start(directory)) {
            String boss = server.token("boss", Right.ADMIN, "*");
            for (Operation one : OpenApi.read().operations()) {
                if (one.needsToken()) {
                    String path = one.at("v", "c".repeat(16));
                    assertThat(server.send(boss, "PATCH", path, "{}").statusCode())
                            .as(path)
                            .isEqualTo(405);
                }
            }
        }
    }
}
