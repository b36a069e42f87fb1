// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import static org.lunlock.lockserver.web.Refused.badRequest;
import static org.lunlock.lockserver.web.Refused.notFound;

import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.Json;
import org.lunlock.lockserver.api.Names;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.api.UnlockRequest;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.clerk.Clerk;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
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

    /** A request with the longest command in it, all of it escaped. */
    private static final int BODY_BYTES_MAX = 64 << 10;

    /** Below the idle time-out of proxies, and half of what a silent host is forgotten after. */
    private static final int WAIT_SECONDS_MAX = 25;

    private static final Duration CLERK_MAX = Duration.ofSeconds(20);

    private final Clerk clerk;
    private final History history;
    private final Guard guard;
    private final LongPolls polls;
    private final Events events;
    private final Connections connections;
    private final InstantSource wall;
    private final Executor answering;

    /**
     * @param answering where answers are made: the clerk's thread must not wait for anything
     */
    Api(
            Clerk clerk,
            History history,
            Guard guard,
            LongPolls polls,
            Events events,
            Connections connections,
            InstantSource wall,
            Executor answering) {
        this.clerk = clerk;
        this.history = history;
        this.guard = guard;
        this.polls = polls;
        this.events = events;
        this.connections = connections;
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
    CompletableFuture<Answer> answer(Request request) throws Refused, IOException {
        Principal principal = guard.authenticate(request);
        String path = Request.getPathInContext(request);
        return switch (path) {
            case "/v1/whoami" -> {
                only("GET", request);
                yield Answer.now(Statuses.whoami(principal));
            }
            case "/v1/volumes" -> {
                only("GET", request);
                yield volumes(principal);
            }
            case "/v1/audit" -> {
                only("GET", request);
                guard.requireEverywhere(Right.ADMIN, principal, request);
                yield audit(request);
            }
            default -> ofVolume(path, principal, request);
        };
    }

    private CompletableFuture<Answer> ofVolume(String path, Principal principal, Request request)
            throws Refused, IOException {
        Matcher volume = VOLUME.matcher(path);
        Matcher ofVolume = OF_VOLUME.matcher(path);
        Matcher claim = CLAIM.matcher(path);
        Matcher renewals = RENEWALS.matcher(path);
        if (volume.matches()) {
            only("GET", request);
            String name = name(volume);
            guard.require(Right.USE, name, principal, request);
            return clerk.ask((table, now) -> Statuses.volume(table.show(name, now)))
                    .thenCompose(Answer::now);
        }
        if (ofVolume.matches()) {
            String name = name(ofVolume);
            return ofVolume.group(2).equals("history")
                    ? history(name, principal, request)
                    : unlock(name, principal, request);
        }
        if (renewals.matches()) {
            only("POST", request);
            return renew(name(renewals), id(renewals), principal, request);
        }
        if (claim.matches()) {
            return switch (request.getMethod()) {
                case "PUT" -> claim(name(claim), id(claim), principal, request);
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

    // ------------------------------------------------------------------------------ what is asked

    private CompletableFuture<Answer> volumes(Principal principal) {
        return clerk.ask((table, now) ->
                        table.volumes().stream()
                                .filter(it -> principal.may(Right.USE, it))
                                .map(it -> Statuses.volume(table.show(it, now)))
                                .toList())
                .thenCompose(Answer::now);
    }

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
            int limit = (int) number(request, "limit", 100);
            return Answer.now(history.audit(limit).stream().map(Statuses::audit).toList());
        } catch (StoreException e) {
            throw unreadable();
        }
    }

    private static Refused unreadable() {
        return new Refused(503, "unavailable", "the history cannot be read: try again");
    }

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

    // ------------------------------------------------------------------------------ what is wanted

    private CompletableFuture<Answer> claim(
            String volume, String id, Principal principal, Request request)
            throws Refused, IOException {
        guard.require(Right.USE, volume, principal, request);
        ClaimRequest wanted = body(request, ClaimRequest.class);
        Claim wish = wish(volume, id, principal, wanted);
        return changed(
                volume,
                id,
                request,
                principal,
                clerk.ask((table, now) -> Statuses.claim(table, table.claim(wish, now), now)));
    }

    private Claim wish(String volume, String id, Principal principal, ClaimRequest wanted)
            throws Refused {
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
        Claimant claimant = new Claimant(principal.name(), host, pid, command);
        return new Claim(id, volume, claimant, lease, wall.instant(), null);
    }

    /** Answers when the claim is granted or over, or {@code wait} seconds have passed. */
    private CompletableFuture<Answer> await(
            String volume, String id, Principal principal, Request request) throws Refused {
        guard.require(Right.USE, volume, principal, request);
        long wait = Math.min(WAIT_SECONDS_MAX, number(request, "wait", 0));
        CompletableFuture<Boolean> something = new CompletableFuture<>();
        CompletableFuture<ClaimStatus> status =
                clerk.ask(
                                (table, now) -> {
                                    Claim claim = table.heard(volume, id, principal.name(), now);
                                    if (claim.grant() == null && wait > 0) {
                                        polls.park(claim, something);
                                    } else {
                                        something.complete(true);
                                    }
                                    return claim;
                                })
                        .thenCompose(
                                _ -> something.completeOnTimeout(false, wait, TimeUnit.SECONDS))
                        .thenCompose(_ -> status(volume, id, principal));
        return changed(volume, id, request, principal, status);
    }

    private CompletableFuture<ClaimStatus> status(String volume, String id, Principal principal) {
        return clerk.ask((table, now) -> {
            Claim claim = table.heard(volume, id, principal.name(), now);
            return Statuses.claim(table, claim, now);
        });
    }

    private CompletableFuture<Answer> renew(
            String volume, String id, Principal principal, Request request)
            throws Refused, IOException {
        guard.require(Right.USE, volume, principal, request);
        RenewalRequest told = body(request, RenewalRequest.class);
        Long read = told.readBytesPerSecond();
        Long written = told.writtenBytesPerSecond();
        Claim.Rates rates =
                read == null && written == null
                        ? null
                        : new Claim.Rates(read == null ? 0 : read, written == null ? 0 : written);
        return changed(
                volume,
                id,
                request,
                principal,
                clerk.ask((table, now) -> {
                    Claim claim = table.renew(volume, id, principal.name(), rates, now);
                    events.changed(volume);
                    return Statuses.claim(table, claim, now);
                }));
    }

    private CompletableFuture<Answer> release(
            String volume, String id, Principal principal, Request request) throws Refused {
        guard.require(Right.USE, volume, principal, request);
        return changed(
                volume,
                id,
                request,
                principal,
                clerk.ask((table, now) -> {
                    Claim claim = table.release(volume, id, principal.name(), now);
                    return Statuses.claim(table, claim, now);
                }));
    }

    private CompletableFuture<Answer> unlock(String volume, Principal principal, Request request)
            throws Refused, IOException {
        only("POST", request);
        guard.require(Right.FORCE, volume, principal, request);
        UnlockRequest wanted = body(request, UnlockRequest.class);
        String reason = wanted.reason();
        if (!volume.equals(wanted.volume())) {
            throw badRequest("'volume' is not the volume's name: nothing was taken");
        }
        if (reason == null
                || reason.isBlank()
                || reason.length() > UnlockRequest.REASON_CHARACTERS_MAX) {
            throw badRequest("'reason' is missing, or longer than 1000 characters");
        }
        return clerk.ask(
                        (table, now) -> {
                            table.force(
                                    volume, wanted.token(), principal.name(), reason.strip(), now);
                            return Statuses.volume(table.show(volume, now));
                        })
                .handle((status, e) -> {
                    if (e != null) {
                        throw Failure.of(translate(e, null));
                    }
                    return new Answer(status, null);
                });
    }

    // ------------------------------------------------------------------------------ for all of
    // them

    /** The claim's status; or, where it ended, how. */
    private CompletableFuture<Answer> changed(
            String volume,
            String id,
            Request request,
            Principal principal,
            CompletableFuture<ClaimStatus> status) {
        return status.handleAsync(
                (it, e) -> {
                    if (e == null) {
                        return new Answer(it, it.token() == null ? 1 : null);
                    }
                    if (cause(e) instanceof Refusal refusal
                            && refusal.reason() == Refusal.Reason.NOT_YOURS) {
                        throw Failure.of(guard.denied(request, 403, principal.name(), volume));
                    }
                    throw Failure.of(translate(e, ended(volume, id, principal)));
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

    private static Throwable cause(Throwable e) {
        Throwable within = e instanceof CompletionException ? e.getCause() : null;
        return within == null ? e : within;
    }

    private static Refused translate(Throwable thrown, @Nullable Holding ended) {
        Throwable e = cause(thrown);
        if (e instanceof Refusal refusal) {
            String message = String.valueOf(refusal.getMessage());
            return switch (refusal.reason()) {
                case UNKNOWN_CLAIM ->
                        new Refused(
                                ended == null ? 404 : 410,
                                "unknown-claim",
                                message,
                                ended == null ? null : Statuses.holding(ended));
                case NOT_YOURS -> new Refused(403, "forbidden", message);
                case NOT_GRANTED -> new Refused(409, "not-granted", message);
                case OTHER_HOLDER -> new Refused(409, "other-holder", message);
                case FULL -> new Refused(503, "overloaded", message);
            };
        }
        if (e instanceof Clerk.UnavailableException) {
            return new Refused(503, "unavailable", e.getMessage() + ": try again");
        }
        return new Refused(500, "internal", "a bug of lunlock: please report it");
    }

    private <T> T body(Request request, Class<T> type) throws Refused, IOException {
        String contentType = request.getHeaders().get(HttpHeader.CONTENT_TYPE);
        if (contentType == null || !contentType.startsWith("application/json")) {
            throw new Refused(415, "unsupported-media-type", "the body must be application/json");
        }
        if (request.getLength() > BODY_BYTES_MAX) {
            throw tooLarge();
        }
        connections.reads(request);
        byte[] body = Content.Source.asInputStream(request).readNBytes(BODY_BYTES_MAX + 1);
        connections.answers(request);
        if (body.length > BODY_BYTES_MAX) {
            throw tooLarge();
        }
        try {
            return Json.readStrictly(body, type);
        } catch (Json.NotThatException e) {
            throw badRequest(String.valueOf(e.getMessage()));
        }
    }

    private static Refused tooLarge() {
        return new Refused(413, "too-large", "the body is larger than 64 KiB");
    }

    // -------------------------------------------------------------------------------------- events

    /** What this client may see of the events; asks the guard again each time. */
    Events.Source source(Request request) throws Refused {
        Principal first = guard.authenticate(request);
        only("GET", request);
        return new Events.Source() {
            @Override
            public List<String> volumes() throws Refused, InterruptedException {
                return soon(clerk.ask((table, _) -> table.volumes()));
            }

            @Override
            public VolumeStatus status(String volume) throws Refused, InterruptedException {
                return soon(clerk.ask((table, now) -> Statuses.volume(table.show(volume, now))));
            }

            @Override
            public Predicate<String> visible() throws Refused {
                Principal now = guard.principal(request);
                if (now == null) {
                    throw new Refused(401, "unauthorized", "the token was revoked");
                }
                return it -> now.name().equals(first.name()) && now.may(Right.USE, it);
            }
        };
    }

    private static <T> T soon(CompletableFuture<T> answer) throws Refused, InterruptedException {
        try {
            return answer.get(CLERK_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new Refused(503, "unavailable", "the server is stopping or overloaded");
        }
    }

    /** Carries {@link Refused}, which is checked, through a future. */
    static final class Failure extends RuntimeException {
        private final Refused refused;

        private Failure(Refused refused) {
            super(null, null, false, false);
            this.refused = refused;
        }

        static Failure of(Refused refused) {
            return new Failure(refused);
        }

        Refused refused() {
            return refused;
        }
    }
}
