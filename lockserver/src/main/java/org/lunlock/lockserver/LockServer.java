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
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.store.Store;
import org.lunlock.lockserver.store.StoreException;
import org.lunlock.lockserver.web.WebServer;

/** A lock server: its store, its clerk and its port. */
public final class LockServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("org.lunlock.lockserver");

    private final AtomicBoolean closed = new AtomicBoolean();
    private final CompletableFuture<StoreException> failure;
    private final Store store;
    private final Clerk clerk;
    private final WebServer web;

    private LockServer(
            Store store, Clerk clerk, WebServer web, CompletableFuture<StoreException> failure) {
        this.failure = failure;
        this.store = store;
        this.clerk = clerk;
        this.web = web;
    }

    /**
     * Starts a server; it answers when this returns.
     *
     * @throws StoreException when the store is damaged, in use, or cannot be reached or written
     * @throws IOException when the port or a TLS file cannot be used; the message says which
     */
    public static LockServer start(ServerOptions options) throws StoreException, IOException {
        Store store = Stores.open(options.store());
        try {
            return start(options, store);
        } catch (StoreException | IOException | RuntimeException e) {
            store.close();
            throw e;
        }
    }

    private static LockServer start(ServerOptions options, Store store)
            throws StoreException, IOException {
        WebServer web =
                new WebServer(options, new LongPolls(), System::nanoTime, InstantSource.system());
        CompletableFuture<StoreException> failure = new CompletableFuture<>();
        Clerk clerk =
                new Clerk(
                        store.locks(),
                        System::nanoTime,
                        InstantSource.system(),
                        new Clerk.Listener() {
                            @Override
                            public void committed(List<Change> changes) {
                                web.committed(changes);
                            }

                            @Override
                            public void noticed(List<Claim> claims) {
                                web.noticed(claims);
                            }

                            @Override
                            public void failed(StoreException why) {
                                failure.complete(why);
                            }
                        });
        LockServer server = new LockServer(store, clerk, web, failure);
        try {
            web.start(clerk, store.tokens(), store.history());
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
        return store.tokens().list().stream().anyMatch(it -> it.revokedAt() == null);
    }

    /** Completes when the store refuses: nothing more will be answered; close and start again. */
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
        store.close();
        LOG.log(INFO, "lock server stopped");
    }
}
