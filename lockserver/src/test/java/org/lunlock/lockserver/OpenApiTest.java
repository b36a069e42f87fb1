// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.HolderStatus;
import org.lunlock.lockserver.api.HoldingStatus;
import org.lunlock.lockserver.api.Problem;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.api.WaitingStatus;
import org.lunlock.lockserver.api.Whoami;
import org.lunlock.lockserver.store.Right;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What the description says is what there is. */
@NullMarked
class OpenApiTest {
    @TempDir private Path directory;

    @Test
    void describesEveryFieldAndAnswersEveryPath() throws Exception {
        try (TestServer server = TestServer.start(directory)) {
            String boss = server.token("boss", Right.ADMIN, "*");
            JsonNode document = new ObjectMapper().readTree(server.get("", "/openapi.json").body());
            JsonNode schemas = document.at("/components/schemas");
            for (Class<?> type : TYPES) {
                List<String> fields =
                        Arrays.stream(type.getRecordComponents())
                                .map(RecordComponent::getName)
                                .toList();
                assertThat(schemas.at("/" + type.getSimpleName() + "/properties").propertyNames())
                        .as(type.getSimpleName())
                        .containsExactlyInAnyOrderElementsOf(fields);
            }
            for (var path : document.at("/paths").properties()) {
                String real =
                        path.getKey().replace("{volume}", "v").replace("{claim}", "c".repeat(16));
                for (String method : path.getValue().propertyNames()) {
                    if (!method.equals("parameters") && !real.equals("/v1/events")) {
                        String verb = method.toUpperCase(Locale.ROOT);
                        assertThat(server.send(boss, verb, real, "{}").statusCode())
                                .as(verb + " " + real)
                                .isIn(200, 400, 404)
                                .satisfies(it ->
                                        assertThat(server.send(boss, verb, real, "{}").body())
                                                .doesNotContain("nothing here"));
                    }
                }
            }
        }
    }

    private static final List<Class<?>> TYPES =
            List.of(
                    AuditStatus.class,
                    ClaimRequest.class,
                    ClaimStatus.class,
                    HolderStatus.class,
                    HoldingStatus.class,
                    Problem.class,
                    RenewalRequest.class,
                    UnlockRequest.class,
                    VolumeStatus.class,
                    WaitingStatus.class,
                    Whoami.class);
}
