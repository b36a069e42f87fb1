// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** The page, its script and style, and the description of the interface: files of this program. */
final class Pages {
    private static final String HTML = "text/html; charset=utf-8";
    private static final String SCRIPT = "text/javascript; charset=utf-8";

    private final Map<String, Page> pages =
            Map.of(
                    "/", load("index.html", HTML),
                    "/app.js", load("app.js", SCRIPT),
                    "/live.js", load("live.js", SCRIPT),
                    "/text.js", load("text.js", SCRIPT),
                    "/timeline.js", load("timeline.js", SCRIPT),
                    "/unlock.js", load("unlock.js", SCRIPT),
                    "/app.css", load("app.css", "text/css; charset=utf-8"),
                    "/icon.svg", load("icon.svg", "image/svg+xml"),
                    "/openapi.json", load("openapi.json", "application/json"));

    private record Page(byte[] content, String type, String tag) {}

    private static Page load(String name, String type) {
        try (InputStream in = Pages.class.getResourceAsStream("/org/lunlock/lockserver/" + name)) {
            if (in == null) {
                throw new IllegalStateException("not in the program: " + name);
            }
            byte[] content = in.readAllBytes();
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(content);
            return new Page(content, type, '"' + HexFormat.of().formatHex(hash, 0, 12) + '"');
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Whether there was such a page. */
    boolean answer(String path, Request request, Response response, Callback callback) {
        Page page = pages.get(path);
        boolean reads = request.getMethod().equals("GET") || request.getMethod().equals("HEAD");
        if (page == null || !reads) {
            return false;
        }
        HttpFields.Mutable headers = response.getHeaders();
        headers.put(HttpHeader.ETAG, page.tag());
        headers.put(HttpHeader.CACHE_CONTROL, "no-cache");
        if (page.tag().equals(request.getHeaders().get(HttpHeader.IF_NONE_MATCH))) {
            response.setStatus(304);
            callback.succeeded();
            return true;
        }
        headers.put(HttpHeader.CONTENT_TYPE, page.type());
        headers.put(HttpHeader.CONTENT_LENGTH, page.content().length);
        response.write(true, ByteBuffer.wrap(page.content()), callback);
        return true;
    }

    /** Nothing but our own files, and nobody's frame. */
    static void protect(Response response) {
        HttpFields.Mutable headers = response.getHeaders();
        headers.put(
                "Content-Security-Policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
                        + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                        + " frame-ancestors 'none'");
        headers.put("X-Content-Type-Options", "nosniff");
        headers.put("Referrer-Policy", "no-referrer");
        headers.put("Cross-Origin-Opener-Policy", "same-origin");
        headers.put("Cross-Origin-Resource-Policy", "same-origin");
    }
}
