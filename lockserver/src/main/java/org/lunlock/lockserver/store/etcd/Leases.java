// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.etcd;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.lunlock.etcd.EtcdClient;
import org.lunlock.etcd.EtcdException;
import org.lunlock.lockserver.model.Claim;

/** Asks for all leases of a draft at once: each takes as long as a commit. */
final class Leases {
    private final EtcdClient client;

    Leases(EtcdClient client) {
        this.client = client;
    }

    /** Keeps alive those of hosts that were heard, and takes those that are wanted. */
    Map<String, Long> of(Draft draft) throws EtcdException {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Map<String, Future<Long>> granted = new HashMap<>();
            for (Map.Entry<String, Claim> wanted : draft.wantLease().entrySet()) {
                Callable<Long> grant = () -> client.grantLease(wanted.getValue().silenceMax());
                granted.put(wanted.getKey(), threads.submit(grant));
            }
            Map<Long, Future<Boolean>> kept = new HashMap<>();
            for (long lease : draft.wantKeepAlive()) {
                Callable<Boolean> keep = () -> client.keepAlive(lease);
                kept.put(lease, threads.submit(keep));
            }
            Map<String, Long> leases = new HashMap<>();
            for (Map.Entry<String, Future<Long>> one : granted.entrySet()) {
                leases.put(one.getKey(), get(one.getValue()));
            }
            for (Future<Boolean> one : kept.values()) {
                get(one); // where it is over the key is gone, and the transaction fails
            }
            return leases;
        }
    }

    private static <T> T get(Future<T> future) throws EtcdException {
        try {
            return future.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof EtcdException failure) {
                throw failure;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
