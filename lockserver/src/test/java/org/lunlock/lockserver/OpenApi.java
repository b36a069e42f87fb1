// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** What /openapi.json says, to be held against what the server does. */
@NullMarked
final class OpenApi {
    private static final String REFERENCE = "#";

    private final JsonNode document;

    /** One method of one path. */
    record Operation(String method, String path, JsonNode described) {

        /** The path with these in the places of its parameters. */
        String at(String volume, String claim) {
            return path.replace("{volume}", volume).replace("{claim}", claim);
        }

        boolean needsToken() {
            return !described.has("security"); // only those that need none say so
        }
    }

    private OpenApi(JsonNode document) {
        this.document = document;
    }

    /** The description that the server was built with. */
    static OpenApi read() {
        try (InputStream in = LockServer.class.getResourceAsStream("openapi.json")) {
            return new OpenApi(new ObjectMapper().readTree(Objects.requireNonNull(in)));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    JsonNode schema(String name) {
        return document.at("/components/schemas/" + name);
    }

    List<Operation> operations() {
        List<Operation> all = new ArrayList<>();
        for (var path : document.at("/paths").properties()) {
            for (var method : path.getValue().properties()) {
                if (!method.getKey().equals("parameters")) {
                    all.add(
                            new Operation(
                                    method.getKey().toUpperCase(Locale.ROOT),
                                    path.getKey(),
                                    method.getValue()));
                }
            }
        }
        return all;
    }

    private @Nullable Operation operation(String method, String path) {
        for (Operation one : operations()) {
            String pattern = one.path().replaceAll("\\{[a-z]+}", "[^/]+");
            if (one.method().equals(method) && Pattern.matches(pattern, path)) {
                return one;
            }
        }
        return null;
    }

    /** Objects to an answer that the description does not know. */
    void check(String method, String pathAndQuery, int status, String body) {
        String path = pathAndQuery.replaceFirst("\\?.*", "");
        String what = method + " " + path + ": " + status;
        Operation operation = operation(method, path);
        if (operation == null) { // whoever has no token does not even hear that
            assertThat(status).as(what + " is not described").isIn(401, 404, 405);
            return;
        }
        JsonNode answer = resolved(operation.described().at("/responses/" + status));
        assertThat(answer.isMissingNode()).as(what + " is not described").isFalse();
        JsonNode schema = answer.at("/content/application~1json/schema");
        if (!schema.isMissingNode()) {
            check(what, new ObjectMapper().readTree(body), schema);
        }
    }

    private void check(String what, JsonNode value, JsonNode reference) {
        JsonNode schema = resolved(reference);
        String type = schema.path("type").asString("");
        switch (type) {
            case "object" -> {
                assertThat(schema.path("properties").propertyNames())
                        .as(what)
                        .containsAll(value.propertyNames());
                for (JsonNode required : schema.path("required")) {
                    assertThat(value.has(required.asString())).as(what + required).isTrue();
                }
                for (var field : value.properties()) {
                    JsonNode described = schema.path("properties").path(field.getKey());
                    check(what + " " + field.getKey(), field.getValue(), described);
                }
            }
            case "array" -> {
                assertThat(value.isArray()).as(what).isTrue();
                value.forEach(item -> check(what + "[]", item, schema.path("items")));
            }
            case "integer" -> assertThat(value.isIntegralNumber()).as(what).isTrue();
            case "string" -> {
                assertThat(value.isString()).as(what).isTrue();
                if (schema.has("enum")) {
                    assertThat(schema.path("enum").valueStream().map(JsonNode::asString))
                            .as(what)
                            .contains(value.asString());
                }
            }
            default -> throw new AssertionError(what + ": described as '" + type + "'");
        }
    }

    private JsonNode resolved(JsonNode node) {
        JsonNode reference = node.path("$ref");
        return reference.isString()
                ? document.at(reference.asString().substring(REFERENCE.length()))
                : node;
    }
}
