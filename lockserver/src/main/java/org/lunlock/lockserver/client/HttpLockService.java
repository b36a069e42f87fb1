// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.client;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.lunlock.http.HttpCalls;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.api.Problem;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.client.ServiceException.Kind;

/** A lock server, by HTTP or HTTPS. Thread-safe. */
public final class HttpLockService implements LockService {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(5);
    private static final Duration ANSWER_MAX = Duration.ofSeconds(10);

    private final HttpCalls http;
    private final URI server;
    private final String bearer;

    /**
     * Connects to nothing yet.
     *
     * @param server such as {@code https://locks.example.org:7890}
     * @param authorities the only ones whose certificates are trusted, in PEM; null for those of
     *     the JDK
     * @throws IOException when that file cannot be used
     */
    public HttpLockService(URI server, String bearer, @Nullable Path authorities)
            throws IOException {
        this.http = new HttpCalls(authorities, CONNECT_MAX);
        this.server = server;
        this.bearer = bearer;
    }

    @Override
    public CompletableFuture<ClaimStatus> claim(String volume, String id, ClaimRequest wish) {
        return ask("PUT", path(volume, id), wish, ANSWER_MAX);
    }

    @Override
    public CompletableFuture<ClaimStatus> await(String volume, String id, Duration atMost) {
        String wait = "?wait=" + atMost.toSeconds();
        return ask("GET", path(volume, id) + wait, null, ANSWER_MAX.plus(atMost));
    }

    @Override
    public CompletableFuture<ClaimStatus> renew(String volume, String id, RenewalRequest told) {
        return ask("POST", path(volume, id) + "/renewals", told, ANSWER_MAX);
    }

    @Override
    public CompletableFuture<ClaimStatus> release(String volume, String id) {
        return ask("DELETE", path(volume, id), null, ANSWER_MAX);
    }

    @Override
    public CompletableFuture<VolumeStatus> volume(String volume) {
        return ask("GET", path(volume), null, ANSWER_MAX, VolumeStatus.class);
    }

    @Override
    public CompletableFuture<VolumeStatus> unlock(UnlockRequest wanted) {
        String path = path(wanted.volume()) + "/unlock";
        return ask("POST", path, wanted, ANSWER_MAX, VolumeStatus.class);
    }

    private static String path(String volume) {
        return "/v1/volumes/" + volume;
    }

    private static String path(String volume, String id) {
        return path(volume) + "/claims/" + id;
    }

    private CompletableFuture<ClaimStatus> ask(
            String method, String path, @Nullable Object body, Duration within) {
        return ask(method, path, body, within, ClaimStatus.class);
    }

    private <T> CompletableFuture<T> ask(
            String method, String path, @Nullable Object body, Duration within, Class<T> answered) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(server.resolve(path))
                        .header("Authorization", "Bearer " + bearer);
        if (body == null) {
            request.method(method, BodyPublishers.noBody());
        } else {
            request.header("Content-Type", "application/json")
                    .method(method, BodyPublishers.ofByteArray(Json.bytes(body)));
        }
        return http.send(request.build(), within)
                .handle((answer, e) -> {
                    try {
                        return read(answer, e, answered);
                    } catch (ServiceException failure) {
                        throw new CompletionException(failure);
                    }
                });
    }

    private <T> T read(
            @Nullable HttpResponse<byte[]> answer, @Nullable Throwable failure, Class<T> answered)
            throws ServiceException {
        if (answer == null) {
            throw new ServiceException(Kind.UNREACHABLE, server + ": " + failure, null);
        }
        try {
            if (answer.statusCode() == 200) {
                return Json.read(answer.body(), answered);
            }
            Problem problem = Json.read(answer.body(), Problem.class);
            throw new ServiceException(
                    kind(answer.statusCode()), server + ": " + problem.message(), problem);
        } catch (Json.NotThatException e) {
            throw new ServiceException(
                    Kind.REFUSED, server + " is no lock server: " + e.getMessage(), null);
        }
    }

    private static Kind kind(int status) {
        return switch (status) {
            case 404, 410 -> Kind.GONE;
            case 429, 500, 502, 503, 504 -> Kind.UNREACHABLE;
            default -> Kind.REFUSED;
        };
    }

    @Override
    public void close() {
        http.close();
    }
}
