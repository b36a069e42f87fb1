// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.lunlock.etcd.EtcdException.Kind;
import org.lunlock.etcd.Messages.AuthenticateRequest;
import org.lunlock.etcd.Messages.AuthenticateResponse;
import org.lunlock.etcd.Messages.Problem;
import org.lunlock.http.HttpCalls;
import tools.jackson.core.JacksonException;

/** Posts messages to one member after the other until one answers. From any thread. */
final class Gateway implements AutoCloseable {
    private static final Duration CONNECT_MAX = Duration.ofSeconds(1);

    /** Longer than an election takes; a member that hangs is left then. */
    private static final Duration ATTEMPT_MAX = Duration.ofSeconds(3);

    /** Every member once, and the first again. */
    private static final Duration CALL_MAX = Duration.ofSeconds(10);

    private static final Duration PAUSE = Duration.ofMillis(100);

    private final HttpCalls http;
    private final List<URI> members;
    private final EtcdOptions.@Nullable Login login;
    private final AtomicInteger current = new AtomicInteger();
    private volatile @Nullable String token;

    Gateway(EtcdOptions options) throws IOException {
        this.http = new HttpCalls(options.authorities(), CONNECT_MAX);
        this.members = options.members();
        this.login = options.login();
    }

    /** The answer to a message. */
    <T> T call(String path, Object message, Class<T> type) throws EtcdException {
        long start = System.nanoTime();
        while (true) {
            int member = current.get();
            EtcdException failure;
            try {
                return once(member, path, message, type);
            } catch (EtcdException e) {
                if (e.kind() != Kind.UNREACHABLE) {
                    throw e;
                }
                failure = e;
            }
            next(member);
            if (Thread.currentThread().isInterrupted()
                    || System.nanoTime() - start > CALL_MAX.minus(ATTEMPT_MAX).toNanos()) {
                throw failure;
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    /** From now on another member than this one is asked. */
    private void next(int member) {
        current.compareAndSet(member, member + 1);
    }

    private URI address(int member, String path) {
        return members.get(Math.floorMod(member, members.size())).resolve(path);
    }

    private <T> T once(int member, String path, Object message, Class<T> type)
            throws EtcdException {
        String used = token;
        if (used == null) {
            used = authenticate(member);
        }
        HttpResponse<byte[]> answer = post(address(member, path), message, used);
        if (isLoggedOut(answer) && login != null) { // a member that was started again forgot us
            answer = post(address(member, path), message, authenticate(member));
        }
        return read(answer, type);
    }

    /** Null when there is nobody to log in as. */
    private @Nullable String authenticate(int member) throws EtcdException {
        EtcdOptions.Login as = login;
        if (as == null) {
            return null;
        }
        AuthenticateRequest request = new AuthenticateRequest(as.user(), as.password());
        HttpResponse<byte[]> answer = post(address(member, "/v3/auth/authenticate"), request, null);
        String fresh = read(answer, AuthenticateResponse.class).token();
        token = fresh;
        return fresh;
    }

    private HttpResponse<byte[]> post(URI address, Object message, @Nullable String as)
            throws EtcdException {
        try {
            return http.send(request(address, message, as).build(), ATTEMPT_MAX).get();
        } catch (ExecutionException e) {
            throw unreachable(address, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable(address, e);
        }
    }

    private static HttpRequest.Builder request(URI address, Object message, @Nullable String as) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(address)
                        .POST(BodyPublishers.ofByteArray(Messages.bytes(message)));
        if (as != null) {
            request.header("Authorization", as);
        }
        return request;
    }

    /**
     * A stream of answers, from the member after the last one that was asked for a stream.
     *
     * @param attempt counted by who asks: another member each time
     */
    InputStream stream(int attempt, String path, Object message) throws EtcdException {
        String used = token;
        int member = current.get() + attempt;
        URI address = address(member, path);
        HttpRequest.Builder request =
                request(address, message, used == null ? authenticate(member) : used);
        try {
            HttpResponse<InputStream> answer = http.open(request.timeout(ATTEMPT_MAX).build());
            if (answer.statusCode() != 200) {
                answer.body().close();
                token = null;
                throw unreachable(address, new IOException("status " + answer.statusCode()));
            }
            return answer.body();
        } catch (IOException e) {
            throw unreachable(address, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable(address, e);
        }
    }

    private static EtcdException unreachable(URI address, @Nullable Throwable e) {
        if (e instanceof SSLException) {
            String what = "etcd is not trusted, or has no TLS (%s): %s".formatted(address, e);
            return new EtcdException(Kind.REFUSED, what, e);
        }
        return new EtcdException(
                Kind.UNREACHABLE, "etcd does not answer (%s): %s".formatted(address, e), e);
    }

    // -------------------------------------------------------------------------- what it answers

    private static boolean isLoggedOut(HttpResponse<byte[]> answer) {
        if (answer.statusCode() == 200) {
            return false;
        }
        Problem problem = problem(answer);
        String message = String.valueOf(problem.message());
        return problem.code() == Problem.UNAUTHENTICATED
                || message.contains("user name is empty")
                || message.contains("revision of auth store is old");
    }

    private static <T> T read(HttpResponse<byte[]> answer, Class<T> type) throws EtcdException {
        try {
            if (answer.statusCode() == 200) {
                return Messages.read(answer.body(), type);
            }
        } catch (JacksonException e) {
            throw new EtcdException(
                    Kind.REFUSED,
                    "this is no etcd (%s): check its address".formatted(answer.request().uri()),
                    e);
        }
        Problem problem = problem(answer);
        String message =
                "%s (%s)".formatted(problem.message(), answer.request().uri().getAuthority());
        throw switch (problem.code()) {
            case Problem.UNKNOWN,
                    Problem.DEADLINE_EXCEEDED,
                    Problem.UNAVAILABLE,
                    Problem.UNAUTHENTICATED ->
                    new EtcdException(Kind.UNREACHABLE, message, null);
            case Problem.NOT_FOUND -> new EtcdException(Kind.LEASE_OVER, message, null);
            default -> new EtcdException(Kind.REFUSED, "etcd refuses: " + message, null);
        };
    }

    private static Problem problem(HttpResponse<byte[]> answer) {
        try {
            return Messages.read(answer.body(), Problem.class);
        } catch (JacksonException e) {
            return new Problem("status " + answer.statusCode() + " is no answer of etcd 3", 0);
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
