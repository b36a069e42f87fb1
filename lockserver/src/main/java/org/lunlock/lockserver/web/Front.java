// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import static java.lang.System.Logger.Level.ERROR;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.api.Problem;
import org.lunlock.lockserver.clerk.Clerk;

/** Every request comes in here, in a virtual thread, and every answer goes out here. */
final class Front extends Handler.Abstract {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver.web");
    private static final String JSON = "application/json";

    private final Pages pages = new Pages();
    private final Executor answering;
    private final Api api;
    private final Clerk clerk;
    private final Events events;
    private final Metrics metrics;
    private final Connections connections;

    Front(
            Api api,
            Clerk clerk,
            Events events,
            Metrics metrics,
            Connections connections,
            Executor answering) {
        this.answering = answering;
        this.api = api;
        this.clerk = clerk;
        this.events = events;
        this.metrics = metrics;
        this.connections = connections;
    }

    @Override
    public boolean handle(Request request, Response response, Callback jettys) throws Exception {
        Callback callback = Callback.from(() -> done(request, response), jettys);
        Pages.protect(response);
        String path = Request.getPathInContext(request);
        try {
            Body body = Body.take(request, connections);
            if (pages.answer(path, request, response, callback)) {
                return true;
            }
            switch (path) {
                case "/healthz" -> health(response, callback);
                case "/metrics" -> write(response, 200, Metrics.TYPE, metrics.text(), callback);
                case "/v1/events" -> events.serve(api.source(request), response, callback);
                default -> answer(request, body, response, callback);
            }
        } catch (Refused e) {
            refuse(response, e, callback);
        } catch (IOException e) {
            callback.failed(e); // the client went away
        }
        return true;
    }

    private void done(Request request, Response response) {
        connections.isDone(request);
        metrics.answered(response.getStatus());
    }

    /** Well when the clerk, and so the disk's last answer, is. */
    private void health(Response response, Callback callback) {
        var _ =
                clerk.ask((_, now) -> now)
                        .whenCompleteAsync(
                                (_, e) ->
                                        write(
                                                response,
                                                e == null ? 200 : 503,
                                                "text/plain; charset=utf-8",
                                                (e == null ? "ok\n" : "stopping\n")
                                                        .getBytes(StandardCharsets.US_ASCII),
                                                callback),
                                answering);
    }

    private void answer(Request request, Body body, Response response, Callback callback)
            throws Refused {
        if (!Request.getPathInContext(request).startsWith("/v1/")) {
            throw Refused.notFound();
        }
        var _ =
                api.answer(request, body)
                        .whenCompleteAsync((it, e) -> answer(response, it, e, callback), answering);
    }

    private static void answer(
            Response response,
            Api.@Nullable Answer answer,
            @Nullable Throwable e,
            Callback callback) {
        if (answer != null) {
            Integer retryAfter = answer.retryAfterSeconds();
            if (retryAfter != null) {
                response.getHeaders().put(HttpHeader.RETRY_AFTER, retryAfter);
            }
            response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
            write(response, 200, JSON, Json.bytes(answer.body()), callback);
            return;
        }
        Throwable cause = e == null ? null : Failure.cause(e);
        if (cause instanceof Failure failure) {
            refuse(response, failure.refused(), callback);
        } else {
            LOG.log(ERROR, "a request failed", cause);
            refuse(response, new Refused(500, "internal", "a bug of lunlock"), callback);
        }
    }

    private static void refuse(Response response, Refused refused, Callback callback) {
        switch (refused.status()) {
            case 401 -> response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
            case 429, 503 -> response.getHeaders().put(HttpHeader.RETRY_AFTER, 1);
            case 413 -> response.getHeaders().put(HttpHeader.CONNECTION, "close");
            default -> {}
        }
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        write(response, refused.status(), JSON, Json.bytes(refused.problem()), callback);
    }

    /** What Jetty itself refuses: headers that are too large or no HTTP. */
    static boolean answerError(Request request, Response response, Callback callback) {
        int status = response.getStatus();
        Object reason = request.getAttribute(ErrorHandler.ERROR_MESSAGE);
        String message = reason == null ? HttpStatus.getMessage(status) : reason.toString();
        write(response, status, JSON, Json.bytes(new Problem("http", message, null)), callback);
        return true;
    }

    private static void write(
            Response response, int status, String type, byte[] content, Callback callback) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, type);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, content.length);
        response.write(true, ByteBuffer.wrap(content), callback);
    }
}
