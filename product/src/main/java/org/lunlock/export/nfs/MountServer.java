// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import java.nio.ByteBuffer;

/**
 * The MOUNT protocol, version 3: tells the handle of the directory to whoever knows its path. RFC
 * 1813, Appendix I.
 */
final class MountServer {
    private static final int MNT = 1;
    private static final int DUMP = 2;
    private static final int UMNT = 3;
    private static final int UMNTALL = 4;
    private static final int EXPORT = 5;

    private static final int PATH_BYTES_MAX = 1024;
    private static final int AUTH_SYS = 1;

    private final Tree tree;

    MountServer(Tree tree) {
        this.tree = tree;
    }

    /** False when there is no such procedure. Nobody is told which directories there are. */
    boolean serve(int procedure, ByteBuffer arguments, ByteBuffer results, Slot slot) {
        switch (procedure) {
            case MNT -> {
                if (tree.isPath(Xdr.string(arguments, PATH_BYTES_MAX))) {
                    results.putInt(NfsStatus.OK.code());
                    tree.handle(results, Tree.Node.DIRECTORY);
                    results.putInt(1).putInt(AUTH_SYS);
                } else {
                    results.putInt(NfsStatus.NOENT.code());
                }
            }
            case DUMP, EXPORT -> results.putInt(0); // an empty list
            case UMNT, UMNTALL -> {}
            default -> {
                return false;
            }
        }
        slot.send();
        return true;
    }
}
