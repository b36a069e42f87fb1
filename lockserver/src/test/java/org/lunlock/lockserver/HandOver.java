// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.ClaimStatus;

/** One client's way through a lock, on a server that may die at any time. */
@NullMarked
final class HandOver {
    private static final Pattern POLLS = Pattern.compile("lunlock_long_polls ([0-9.]+)");
    private static final long PAUSE_NANOS = Duration.ofMillis(20).toNanos();

    private final HttpClient client;
    private final String address;
    private final String token;
    private final String path;

    HandOver(HttpClient client, int port, String token) {
        this.client = client;
        this.address = "http://localhost:" + port;
        this.token = token;
        this.path = TestServer.claimPath("backup", UUID.randomUUID().toString());
    }

    /** Asks until it is granted; the fencing token. */
    long acquire(Duration within) throws InterruptedException {
        ClaimStatus status = ok(send("PUT", "", "{\"host\":\"h\",\"leaseMillis\":120000}", within));
        Long granted = status.token();
        while (granted == null) {
            granted = ok(send("GET", "?wait=25", null, within)).token();
        }
        return granted;
    }

    /** The fencing token, still. */
    long renew(Duration within) throws InterruptedException {
        Long granted = ok(send("POST", "/renewals", "{}", within)).token();
        return granted == null ? 0 : granted;
    }

    /** Gives it back; whoever hears that it is gone has been told before, by a server that died. */
    void release(Duration within) throws InterruptedException {
        HttpResponse<String> answer = send("DELETE", "", null, within);
        if (answer.statusCode() != 200 && answer.statusCode() != 410) {
            throw new AssertionError(answer.statusCode() + " " + answer.body());
        }
    }

    /** How many hosts wait and have a long poll under way. */
    static int waiting(HttpClient client, int port) {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/metrics")).build();
        try {
            String metrics = client.send(request, BodyHandlers.ofString()).body();
            Matcher polls = POLLS.matcher(metrics);
            return polls.find() ? (int) Double.parseDouble(polls.group(1)) : 0;
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static ClaimStatus ok(HttpResponse<String> answer) {
        if (answer.statusCode() != 200) {
            throw new AssertionError("a grant was lost: " + answer.statusCode() + answer.body());
        }
        return TestServer.status(answer);
    }

    private HttpResponse<String> send(
            String method, String more, @Nullable String body, Duration within)
            throws InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(address + path + more))
                        .timeout(TestServer.WITHIN.multipliedBy(2))
                        .header("Authorization", "Bearer " + token)
                        .method(
                                method,
                                body == null
                                        ? BodyPublishers.noBody()
                                        : BodyPublishers.ofString(body));
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        long start = System.nanoTime();
        while (true) {
            try {
                HttpResponse<String> answer = client.send(request.build(), BodyHandlers.ofString());
                if (answer.statusCode() != 503) {
                    return answer;
                }
            } catch (IOException e) {
                if (System.nanoTime() - start > within.toNanos()) {
                    throw new AssertionError("no answer: " + e, e);
                }
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }
}
