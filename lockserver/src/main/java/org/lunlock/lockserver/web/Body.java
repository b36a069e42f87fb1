// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import static org.lunlock.lockserver.web.Refused.badRequest;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;

/**
 * The body of a request, and what it says, checked whole.
 *
 * @param contentType null where the request does not say it
 */
record Body(@Nullable String contentType, byte[] content) {
    /** A request with the longest command in it, all of it escaped. */
    private static final int BYTES_MAX = 64 << 10;

    /**
     * Waits for the body's end, even where nothing of it is asked for. Jetty ends a connection
     * whose request was answered before that, without a word, and the client's next request is
     * lost.
     *
     * @throws Refused 413
     */
    static Body take(Request request, Connections connections) throws Refused, IOException {
        connections.reads(request);
        if (request.getLength() > BYTES_MAX) {
            throw tooLarge();
        }
        byte[] content = Content.Source.asInputStream(request).readNBytes(BYTES_MAX + 1);
        connections.answers(request);
        if (content.length > BYTES_MAX) {
            throw tooLarge();
        }
        return new Body(request.getHeaders().get(HttpHeader.CONTENT_TYPE), content);
    }

    private static Refused tooLarge() {
        return new Refused(413, "too-large", "the body is larger than 64 KiB");
    }

    /** The wish of a host, at this time. */
    Claim wish(String volume, String id, String principal, Instant at) throws Refused {
        ClaimRequest wanted = read(ClaimRequest.class);
        String host = wanted.host();
        String command = wanted.command() == null ? "" : wanted.command();
        long pid = wanted.pid() == null ? 0 : wanted.pid();
        if (host == null || host.isBlank() || host.length() > ClaimRequest.HOST_CHARACTERS_MAX) {
            throw badRequest("'host' is missing, or longer than 255 characters");
        }
        if (command.length() > ClaimRequest.COMMAND_CHARACTERS_MAX) {
            throw badRequest("'command' is longer than 4096 characters");
        }
        if (pid < 0) {
            throw badRequest("'pid' is negative");
        }
        Duration lease = Duration.ofMillis(wanted.leaseMillis());
        if (lease.compareTo(ClaimRequest.LEASE_LEAST) < 0
                || lease.compareTo(ClaimRequest.LEASE_MOST) > 0) {
            throw badRequest("'leaseMillis' is not between 1000 and 3600000");
        }
        return new Claim(id, volume, new Claimant(principal, host, pid, command), lease, at, null);
    }

    /** What the holder reads and writes, if it says so. */
    RenewalRequest renewal() throws Refused {
        RenewalRequest told = read(RenewalRequest.class);
        if (isNegative(told.readBytesPerSecond()) || isNegative(told.writtenBytesPerSecond())) {
            throw badRequest("'readBytesPerSecond' or 'writtenBytesPerSecond' is negative");
        }
        return told;
    }

    private static boolean isNegative(@Nullable Long rate) {
        return rate != null && rate < 0;
    }

    /** The wish to take exactly this volume away, with a reason. */
    UnlockRequest unlock(String volume) throws Refused {
        UnlockRequest wanted = read(UnlockRequest.class);
        String reason = wanted.reason();
        if (!volume.equals(wanted.volume())) {
            throw badRequest("'volume' is not the volume's name: nothing was taken");
        }
        if (reason == null
                || reason.isBlank()
                || reason.length() > UnlockRequest.REASON_CHARACTERS_MAX) {
            throw badRequest("'reason' is missing, or longer than 1000 characters");
        }
        return wanted;
    }

    private <T> T read(Class<T> type) throws Refused {
        if (contentType == null || !contentType.startsWith("application/json")) {
            throw new Refused(415, "unsupported-media-type", "the body must be application/json");
        }
        try {
            return Json.readStrictly(content, type);
        } catch (Json.NotThatException e) {
            throw badRequest(String.valueOf(e.getMessage()));
        }
    }
}
