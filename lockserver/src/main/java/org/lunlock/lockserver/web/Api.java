// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import static org.lunlock.lockserver.web.Refused.badRequest;
import static org.lunlock.lockserver.web.Refused.notFound;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.Names;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.clerk.Claims;
import org.lunlock.lockserver.clerk.Statuses;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Refusal;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.Holding;
import org.lunlock.lockserver.store.Principal;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreException;

/**
 * What hosts and pages can ask for, below {@code /v1}. Each request is checked whole before any of
 * it is done; what takes time is answered later, without a thread.
 */
final class Api {
    private static final Pattern VOLUME = Pattern.compile("/v1/volumes/([^/]+)");
    private static final Pattern OF_VOLUME =
            Pattern.compile("/v1/volumes/([^/]+)/(history|unlock)");
    private static final Pattern CLAIM = Pattern.compile("/v1/volumes/([^/]+)/claims/([^/]+)");
    private static final Pattern RENEWALS =
            Pattern.compile("/v1/volumes/([^/]+)/claims/([^/]+)/renewals");

    /** Below the idle time-out of proxies, and half of what a silent host is forgotten after. */
    private static final int WAIT_SECONDS_MAX = 25;

    private final Claims claims;
    private final History history;
    private final Guard guard;
    private final InstantSource wall;
    private final Executor answering;

    /**
     * @param answering where answers are made: the clerk's thread must not wait for anything
     */
    Api(Claims claims, History history, Guard guard, InstantSource wall, Executor answering) {
        this.claims = claims;
        this.history = history;
        this.guard = guard;
        this.wall = wall;
        this.answering = answering;
    }

    /**
     * An answer with status 200.
     *
     * @param retryAfterSeconds for a claim that waits; null otherwise
     */
    record Answer(Object body, @Nullable Integer retryAfterSeconds) {
        static CompletableFuture<Answer> now(Object body) {
            return CompletableFuture.completedFuture(new Answer(body, null));
        }
    }

    /** The answer, or {@link Refused} within the future's exception. */
    CompletableFuture<Answer> answer(Request request, Body body) throws Refused {
        Principal principal = guard.authenticate(request);
        String path = Request.getPathInContext(request);
        return switch (path) {
            case "/v1/whoami" -> {
                only("GET", request);
                yield Answer.now(Statuses.whoami(principal));
            }
            case "/v1/volumes" -> {
                only("GET", request);
                yield claims.volumes(it -> principal.may(Right.USE, it)).thenCompose(Answer::now);
            }
            case "/v1/audit" -> {
                only("GET", request);
                guard.requireEverywhere(Right.ADMIN, principal, request);
                yield audit(request);
            }
            default -> ofVolume(path, principal, request, body);
        };
    }

    private CompletableFuture<Answer> ofVolume(
            String path, Principal principal, Request request, Body body) throws Refused {
        Matcher volume = VOLUME.matcher(path);
        Matcher ofVolume = OF_VOLUME.matcher(path);
        Matcher claim = CLAIM.matcher(path);
        Matcher renewals = RENEWALS.matcher(path);
        if (volume.matches()) {
            only("GET", request);
            String name = name(volume);
            guard.require(Right.USE, name, principal, request);
            return claims.volume(name).thenCompose(Answer::now);
        }
        if (ofVolume.matches()) {
            String name = name(ofVolume);
            return ofVolume.group(2).equals("history")
                    ? history(name, principal, request)
                    : unlock(name, principal, request, body);
        }
        if (renewals.matches()) {
            only("POST", request);
            return renew(name(renewals), id(renewals), principal, request, body);
        }
        if (claim.matches()) {
            return switch (request.getMethod()) {
                case "PUT" -> claim(name(claim), id(claim), principal, request, body);
                case "GET" -> await(name(claim), id(claim), principal, request);
                case "DELETE" -> release(name(claim), id(claim), principal, request);
                default -> throw notAllowed();
            };
        }
        throw notFound();
    }

    private static void only(String method, Request request) throws Refused {
        if (!request.getMethod().equals(method)) {
            throw notAllowed();
        }
    }

    private static Refused notAllowed() {
        return new Refused(405, "method-not-allowed", "not this method: see /openapi.json");
    }

    private static String name(Matcher path) throws Refused {
        if (!Names.isVolume(path.group(1))) {
            throw badRequest(
                    "this cannot be a volume's name: use at most 63 letters, digits, dots, dashes"
                            + " and underscores");
        }
        return path.group(1);
    }

    private static String id(Matcher path) throws Refused {
        if (!Names.isClaim(path.group(2))) {
            throw badRequest("this cannot be a claim's id: use 16 to 64 random letters and digits");
        }
        return path.group(2);
    }

    // ------------------------------------------------------------------------------ what was

    private CompletableFuture<Answer> history(String volume, Principal principal, Request request)
            throws Refused {
        only("GET", request);
        guard.require(Right.USE, volume, principal, request);
        long before = number(request, "before", Long.MAX_VALUE);
        int limit = (int) number(request, "limit", 100);
        try {
            List<Holding> found = history.holdings(volume, before, limit);
            return Answer.now(found.stream().map(Statuses::holding).toList());
        } catch (StoreException e) {
            throw unreadable();
        }
    }

    private CompletableFuture<Answer> audit(Request request) throws Refused {
        try {
            return Answer.now(history.audit((int) number(request, "limit", 100)));
        } catch (StoreException e) {
            throw unreadable();
        }
    }

    private static Refused unreadable() {
        return new Refused(503, "unavailable", "the history cannot be read: try again");
    }

    // ------------------------------------------------------------------------------ what is wanted

    private CompletableFuture<Answer> claim(
            String volume, String id, Principal principal, Request request, Body body)
            throws Refused {
        guard.require(Right.USE, volume, principal, request);
        Claim wish = body.wish(volume, id, principal.name(), wall.instant());
        return answer(volume, id, principal, request, claims.claim(wish));
    }

    private CompletableFuture<Answer> await(
            String volume, String id, Principal principal, Request request) throws Refused {
        guard.require(Right.USE, volume, principal, request);
        Duration wait = Duration.ofSeconds(Math.min(WAIT_SECONDS_MAX, number(request, "wait", 0)));
        return answer(
                volume, id, principal, request, claims.await(volume, id, principal.name(), wait));
    }

    private CompletableFuture<Answer> renew(
            String volume, String id, Principal principal, Request request, Body body)
            throws Refused {
        guard.require(Right.USE, volume, principal, request);
        RenewalRequest told = body.renewal();
        return answer(
                volume, id, principal, request, claims.renew(volume, id, principal.name(), told));
    }

    private CompletableFuture<Answer> release(
            String volume, String id, Principal principal, Request request) throws Refused {
        guard.require(Right.USE, volume, principal, request);
        return answer(volume, id, principal, request, claims.release(volume, id, principal.name()));
    }

    private CompletableFuture<Answer> unlock(
            String volume, Principal principal, Request request, Body body) throws Refused {
        only("POST", request);
        guard.require(Right.FORCE, volume, principal, request);
        UnlockRequest wanted = body.unlock(volume);
        return claims.force(volume, wanted.token(), principal.name(), wanted.reason().strip())
                .handle((status, e) -> {
                    if (e != null) {
                        throw Failure.of(e, null);
                    }
                    return new Answer(status, null);
                });
    }

    /** The claim's status; or, where it ended, how. */
    private CompletableFuture<Answer> answer(
            String volume,
            String id,
            Principal principal,
            Request request,
            CompletableFuture<ClaimStatus> status) {
        return status.handleAsync(
                (it, e) -> {
                    if (e == null) {
                        return new Answer(it, it.token() == null ? 1 : null);
                    }
                    if (Failure.cause(e) instanceof Refusal refusal
                            && refusal.reason() == Refusal.Reason.NOT_YOURS) {
                        throw Failure.of(guard.denied(request, 403, principal.name(), volume));
                    }
                    throw Failure.of(e, ended(volume, id, principal));
                },
                answering);
    }

    private @Nullable Holding ended(String volume, String id, Principal principal) {
        try {
            Holding holding = history.ended(volume, id);
            boolean own =
                    holding != null && holding.claimant().principal().equals(principal.name());
            return own ? holding : null;
        } catch (StoreException e) {
            return null; // it is gone in any case
        }
    }

    /** What this client may see of the events. */
    Events.Source source(Request request) throws Refused {
        Principal principal = guard.authenticate(request);
        only("GET", request);
        return new Viewer(claims, guard, request, principal);
    }

    /** A number of the query that is not negative; another one when it is not there. */
    private static long number(Request request, String name, long otherwise) throws Refused {
        String text = parameter(request, name);
        try {
            return text == null ? otherwise : Math.max(0, Long.parseLong(text));
        } catch (NumberFormatException e) {
            throw badRequest("'" + name + "' is not a number");
        }
    }

    private static @Nullable String parameter(Request request, String name) throws Refused {
        try {
            return Request.extractQueryParameters(request).getValue(name);
        } catch (RuntimeException e) { // wrong percent signs
            throw badRequest("the query cannot be read");
        }
    }
}
