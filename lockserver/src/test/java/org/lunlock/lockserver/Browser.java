// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Leash;
import org.lunlock.iscsi.testkit.Tools;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** A headless Chromium, by the WebDriver protocol (W3C WebDriver). */
@NullMarked
final class Browser implements AutoCloseable {
    /** In target/, where whatever a build made is kept. */
    static final Path PICTURES = Path.of("target/pictures");

    private static final Duration WITHIN = Duration.ofSeconds(60);
    private static final int PHONE_MAX = 500;
    private static final Pattern PORT = Pattern.compile("started successfully on port (\\d+)");
    private static final String ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final HttpClient client = HttpClient.newBuilder().connectTimeout(WITHIN).build();
    private final Leash driver;
    private final String session;

    private Browser(Leash driver, String address, Path directory)
            throws IOException, InterruptedException {
        this.driver = driver;
        List<String> arguments =
                List.of(
                        "--headless",
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync",
                        "--window-size=1100,900",
                        "--user-data-dir=" + directory.resolve("profile"));
        JsonNode started =
                send(
                        "POST",
                        address + "/session",
                        Map.of(
                                "capabilities",
                                Map.of(
                                        "alwaysMatch",
                                        Map.of("goog:chromeOptions", Map.of("args", arguments)))));
        this.session = address + "/session/" + started.at("/sessionId").asString();
    }

    /** Starts one with a profile of its own in this directory. */
    static Browser start(Path directory) throws IOException, InterruptedException {
        Tools.require("chromium", "chromedriver");
        Path log = directory.resolve("chromedriver.log");
        Leash driver = Leash.start(Map.of(), log, "chromedriver", "--port=0");
        try {
            Await.until("chromedriver listens", WITHIN, () -> port(log).find());
            Matcher port = port(log);
            if (!port.find()) {
                throw new AssertionError("the log got shorter");
            }
            return new Browser(driver, "http://127.0.0.1:" + port.group(1), directory);
        } catch (IOException | InterruptedException | RuntimeException | AssertionError e) {
            driver.close();
            throw e;
        }
    }

    private static Matcher port(Path log) {
        try {
            return PORT.matcher(Files.readString(log));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    void open(String address) throws IOException, InterruptedException {
        send("POST", session + "/url", Map.of("url", address));
    }

    /** What the script returns, as text; "null" for nothing. */
    String run(String script) throws IOException, InterruptedException {
        Map<String, Object> call = Map.of("script", script, "args", List.of());
        JsonNode value = send("POST", session + "/execute/sync", call);
        return value.isString() ? value.asString() : value.toString();
    }

    void awaitText(String selector, String expected) {
        String script =
                "return (document.querySelector('%s') || {}).textContent || ''".formatted(selector);
        Await.until(
                selector + " says " + expected,
                WITHIN,
                () -> {
                    try {
                        return run(script).contains(expected);
                    } catch (IOException | InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
    }

    void click(String selector) throws IOException, InterruptedException {
        send("POST", element(selector) + "/click", Map.of());
    }

    void type(String selector, String text) throws IOException, InterruptedException {
        send("POST", element(selector) + "/value", Map.of("text", text));
    }

    /** What a screen reader is told that it is: W3C WebDriver, Get Computed Role. */
    String role(String selector) throws IOException, InterruptedException {
        return send("GET", element(selector) + "/computedrole", Map.of()).asString();
    }

    /** What a screen reader calls it: W3C WebDriver, Get Computed Label. */
    String label(String selector) throws IOException, InterruptedException {
        return send("GET", element(selector) + "/computedlabel", Map.of()).asString();
    }

    /** Presses and releases one key, wherever the focus is. */
    void press(char key) throws IOException, InterruptedException {
        String text = Character.toString(key);
        Map<String, Object> keyboard =
                Map.of(
                        "type",
                        "key",
                        "id",
                        "keyboard",
                        "actions",
                        List.of(
                                Map.of("type", "keyDown", "value", text),
                                Map.of("type", "keyUp", "value", text)));
        send("POST", session + "/actions", Map.of("actions", List.of(keyboard)));
    }

    /** As on a screen of this size; a phone's when it is narrow. */
    void size(int width, int height) throws IOException, InterruptedException {
        boolean phone = width < PHONE_MAX;
        devTools(
                "Emulation.setDeviceMetricsOverride",
                Map.of(
                        "width",
                        width,
                        "height",
                        height,
                        "deviceScaleFactor",
                        phone ? 2 : 1,
                        "mobile",
                        phone));
    }

    /** Light or dark. */
    void scheme(String scheme) throws IOException, InterruptedException {
        Map<String, String> feature = Map.of("name", "prefers-color-scheme", "value", scheme);
        devTools("Emulation.setEmulatedMedia", Map.of("features", List.of(feature)));
    }

    private void devTools(String command, Map<String, Object> parameters)
            throws IOException, InterruptedException {
        send("POST", session + "/goog/cdp/execute", Map.of("cmd", command, "params", parameters));
    }

    /** Keeps a picture of the page beside the reports of the tests. */
    void picture(String name) throws IOException, InterruptedException {
        byte[] png =
                Base64.getDecoder()
                        .decode(send("GET", session + "/screenshot", Map.of()).asString());
        Files.write(Files.createDirectories(PICTURES).resolve(name + ".png"), png);
    }

    private String element(String selector) throws IOException, InterruptedException {
        Map<String, Object> search = Map.of("using", "css selector", "value", selector);
        JsonNode found = send("POST", session + "/element", search);
        return session + "/element/" + found.path(ELEMENT).asString();
    }

    private JsonNode send(String method, String address, Map<String, Object> body)
            throws IOException, InterruptedException {
        HttpRequest.BodyPublisher content =
                method.equals("GET")
                        ? BodyPublishers.noBody()
                        : BodyPublishers.ofByteArray(MAPPER.writeValueAsBytes(body));
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(address))
                        .timeout(WITHIN)
                        .method(method, content)
                        .build();
        HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new AssertionError(method + " " + address + ": " + answer.body());
        }
        return MAPPER.readTree(answer.body()).path("value");
    }

    @Override
    public void close() throws IOException {
        try {
            send("DELETE", session, Map.of());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            client.shutdownNow();
            driver.close();
        }
    }
}
