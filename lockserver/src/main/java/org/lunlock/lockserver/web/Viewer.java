// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.web;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.eclipse.jetty.server.Request;
import org.lunlock.lockserver.api.VolumeStatus;
import org.lunlock.lockserver.clerk.Claims;
import org.lunlock.lockserver.store.Principal;
import org.lunlock.lockserver.store.Right;

/** What one client may see of the events; asks the guard again each time. */
final class Viewer implements Events.Source {
    private static final Duration CLERK_MAX = Duration.ofSeconds(20);

    private final Claims claims;
    private final Guard guard;
    private final Request request;
    private final Principal first;

    /**
     * @param first who it was when the stream began
     */
    Viewer(Claims claims, Guard guard, Request request, Principal first) {
        this.claims = claims;
        this.guard = guard;
        this.request = request;
        this.first = first;
    }

    @Override
    public List<String> volumes() throws Refused, InterruptedException {
        return soon(claims.names());
    }

    @Override
    public VolumeStatus status(String volume) throws Refused, InterruptedException {
        return soon(claims.volume(volume));
    }

    @Override
    public Predicate<String> visible() throws Refused {
        Principal now = guard.principal(request);
        if (now == null) {
            throw new Refused(401, "unauthorized", "the token was revoked");
        }
        return it -> now.name().equals(first.name()) && now.may(Right.USE, it);
    }

    private static <T> T soon(CompletableFuture<T> answer) throws Refused, InterruptedException {
        try {
            return answer.get(CLERK_MAX.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new Refused(503, "unavailable", "the server is stopping or overloaded");
        }
    }
}
