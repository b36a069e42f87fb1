// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;

/** A host that wants the volume again and again, and to which things happen. */
interface Contender {

    /** What the host is called; it is a machine of the network. */
    String name();

    /** Gets ready for one more round: what a dead process left is cleared. */
    void prepare() throws Exception;

    /** What runs the script, with {} for the mount point, once the host has the volume. */
    TestHost.Run start(String script) throws Exception;

    boolean isMounted() throws IOException;

    /** SIGKILL for what does the host's I/O. */
    void kill() throws Exception;

    /** SIGSTOP for what does the host's I/O. */
    void pause() throws Exception;

    /** SIGCONT; nothing to do when it is not paused. */
    void resume() throws Exception;

    /** Lets go of everything. */
    void close() throws Exception;
}
