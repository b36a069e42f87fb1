// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static java.lang.System.Logger.Level.INFO;

import java.io.IOException;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lunlock.lockserver.clerk.Clerk;
import org.lunlock.lockserver.clerk.LongPolls;
import org.lunlock.lockserver.model.Change;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.History;
import org.lunlock.lockserver.store.LockStore;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.web.WebServer;

/** A lock server: its store, its clerk and its port. */
public final class LockServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver");

    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<StoreException> failure;
    private final LockStore store;
    private final BearerTokens tokens;
    private final History history;
    private final Clerk clerk;
    private final WebServer web;

    private LockServer(
            LockStore store,
            BearerTokens tokens,
            History history,
            Clerk clerk,
            WebServer web,
            CompletableFuture<StoreException> failure) {
        this.failure = failure;
        this.store = store;
        this.tokens = tokens;
        this.history = history;
        this.clerk = clerk;
        this.web = web;
    }

    /**
     * Starts a server; it answers when this returns.
     *
     * @throws StoreException when the store is damaged, in use, or cannot be written
     * @throws IOException when the port or a TLS file cannot be used; the message says which
     */
    public static LockServer start(ServerOptions options) throws StoreException, IOException {
        LockStore store = LockStore.open(options.store());
        try {
            return start(options, store);
        } catch (StoreException | IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    private static LockServer start(ServerOptions options, LockStore store)
            throws StoreException, IOException {
        WebServer web =
                new WebServer(options, new LongPolls(), System::nanoTime, InstantSource.system());
        CompletableFuture<StoreException> failure = new CompletableFuture<>();
        BearerTokens tokens = BearerTokens.open(options.store());
        History history = store.history();
        Clerk clerk =
                new Clerk(
                        store,
                        System::nanoTime,
                        InstantSource.system(),
                        new Clerk.Listener() {
                            @Override
                            public void committed(List<Change> changes) {
                                web.committed(changes);
                            }

                            @Override
                            public void failed(StoreException why) {
                                failure.complete(why);
                            }
                        });
        LockServer server = new LockServer(store, tokens, history, clerk, web, failure);
        try {
            web.start(clerk, tokens, history);
            LOG.log(INFO, "lock server listens on {0}", web.address());
            return server;
        } catch (IOException e) {
            server.close();
            throw e;
        }
    }

    /** Where it listens, with the scheme: {@code http://127.0.0.1:7890}. */
    public String address() {
        return web.address();
    }

    /** Whether anybody can log in. */
    public boolean hasTokens() throws StoreException {
        return tokens.list().stream().anyMatch(it -> it.revokedAt() == null);
    }

    /** Completes when the disk refuses: nothing more will be answered; close and start again. */
    public CompletableFuture<StoreException> failure() {
        return failure;
    }

    /** Answers what waits with 503, finishes what was begun, and ends. Idempotent. */
    @Override
    public void close() {
        if (!closed.compareAndSet(false, true)) {
            return;
        }
        web.dismiss();
        clerk.close();
        web.close();
        history.close();
        tokens.close();
        store.close();
        LOG.log(INFO, "lock server stopped");
    }
}
