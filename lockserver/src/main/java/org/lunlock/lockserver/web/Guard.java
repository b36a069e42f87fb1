// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.time.InstantSource;
import java.util.function.LongSupplier;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.clerk.Clerk;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Principal;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreException;

/** Who asks, and whether he may. Whoever is turned away is in the audit log before he hears it. */
final class Guard {
    private static final String SCHEME = "Bearer ";
    private static final int PATH_SHOWN_MAX = 200;

    /** Wrong tokens of one address: guessing is hopeless, and must not fill the audit log. */
    private static final int FAILURES_PER_SECOND = 2;

    private static final int FAILURES_BURST = 50;

    /** Seconds' worth of requests that a client may save up. */
    private static final int BURST_SECONDS = 5;

    private final Clerk clerk;
    private final BearerTokens tokens;
    private final InstantSource wall;
    private final RateLimit failures;
    private final RateLimit requests;

    Guard(
            Clerk clerk,
            BearerTokens tokens,
            InstantSource wall,
            LongSupplier nanos,
            int requestsPerSecond) {
        this.clerk = clerk;
        this.tokens = tokens;
        this.wall = wall;
        this.failures = new RateLimit(FAILURES_PER_SECOND, FAILURES_BURST, nanos);
        this.requests = new RateLimit(requestsPerSecond, requestsPerSecond * BURST_SECONDS, nanos);
    }

    /**
     * Whose bearer token it is.
     *
     * @throws Refused 401 without a good one, 429 when there are too many requests
     */
    Principal authenticate(Request request) throws Refused {
        if (!failures.has(Request.getRemoteAddr(request))) {
            throw tooMany();
        }
        Principal principal = principal(request);
        if (principal == null) {
            throw denied(request, 401, "", "");
        }
        if (!requests.take(principal.name())) {
            throw tooMany();
        }
        return principal;
    }

    /** Who that is now; null when the token is missing, wrong or revoked. */
    @Nullable Principal principal(Request request) throws Refused {
        String header = request.getHeaders().get(HttpHeader.AUTHORIZATION);
        if (header == null || !header.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
            return null;
        }
        try {
            return tokens.authenticate(header.substring(SCHEME.length()).strip());
        } catch (StoreException e) {
            throw new Refused(503, "unavailable", "the tokens cannot be read: try again");
        }
    }

    /**
     * Goes on only with this right to the volume.
     *
     * @throws Refused 403
     */
    void require(Right right, String volume, Principal principal, Request request) throws Refused {
        if (!principal.may(right, volume)) {
            throw denied(request, 403, principal.name(), volume);
        }
    }

    /** Goes on only with this right to everything. */
    void requireEverywhere(Right right, Principal principal, Request request) throws Refused {
        if (!principal.mayEverywhere(right)) {
            throw denied(request, 403, principal.name(), "");
        }
    }

    /** Writes it to the audit log, and waits for the disk: never in the clerk's thread. */
    Refused denied(Request request, int status, String principal, String volume) {
        String address = Request.getRemoteAddr(request);
        failures.take(address);
        String path = Request.getPathInContext(request);
        String shown = path.substring(0, Math.min(path.length(), PATH_SHOWN_MAX));
        String detail = "%d %s %s".formatted(status, request.getMethod(), shown);
        clerk.note(
                        new AuditStatus(
                                wall.instant(),
                                "denied",
                                principal,
                                address,
                                volume,
                                "",
                                0,
                                detail))
                .handle((_, _) -> true) // no disk: refused all the same
                .join();
        return status == 401
                ? new Refused(401, "unauthorized", "no good bearer token: ask for one")
                : new Refused(403, "forbidden", "this token has no right to do that");
    }

    private static Refused tooMany() {
        return new Refused(429, "too-many-requests", "too many requests: wait a second");
    }
}
