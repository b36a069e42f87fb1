// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for servers that must get the same one again after a restart. They are below the range that
 * the kernel takes from for outgoing connections, so nobody gets one in between by chance.
 */
final class Ports {
    private static final int FROM = 20_000;
    private static final int TO = 30_000;
    private static final int ATTEMPTS = 50;

    private Ports() {}

    /** Takes a port, or throws when it is in use. */
    @FunctionalInterface
    interface Binding {
        void bind(int port) throws IOException;
    }

    /** Tries ports at random until one can be bound, and returns it. */
    static int bindAny(Binding binding) throws IOException {
        IOException inUse = new IOException("no port tried");
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(FROM, TO);
            try {
                binding.bind(port);
                return port;
            } catch (IOException e) {
                inUse = e;
            }
        }
        throw inUse;
    }
}
