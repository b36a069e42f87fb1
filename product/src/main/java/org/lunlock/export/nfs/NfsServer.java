// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static org.lunlock.export.nfs.Tree.Node.DIRECTORY;
import static org.lunlock.export.nfs.Tree.Node.FILE;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.lunlock.export.nfs.Tree.Node;

/**
 * NFS version 3 for a directory with one file: what is about the file is answered at once, what is
 * about its bytes when the device has done it. RFC 1813, section 3.3. Runs in the clients' threads.
 */
final class NfsServer {
    private static final int NAME_BYTES_MAX = 255;
    private static final int BLOCK_BYTES = 4096;

    private static final int ACCESS_READ = 1;
    private static final int ACCESS_LOOKUP = 2;

    /** MODIFY and EXTEND: Linux lets nobody write who has not both, though the file never grows. */
    private static final int ACCESS_WRITE = 4 | 8;

    private static final int FSF3_HOMOGENEOUS = 8;
    private static final int UNSTABLE = 0;

    private final Tree tree;

    NfsServer(Tree tree) {
        this.tree = tree;
    }

    /** False when there is no such procedure. */
    boolean serve(int number, ByteBuffer arguments, ByteBuffer results, Slot slot) {
        Procedure procedure = Procedure.of(number);
        if (procedure == null) {
            return false;
        }
        Node node = tree.node(arguments);
        switch (procedure) {
            case NULL, WRITE -> throw new IllegalStateException(procedure + " is served before");
            case GETATTR -> getAttributes(node, results, slot);
            case SETATTR -> setAttributes(node, arguments, results, slot);
            case LOOKUP -> lookUp(node, arguments, results, slot);
            case ACCESS -> access(node, arguments, results, slot);
            case READLINK -> refuse(NfsStatus.INVAL, node, false, results, slot);
            case READ -> read(node, arguments, results, slot);
            case CREATE, MKDIR, SYMLINK, MKNOD, REMOVE, RMDIR ->
                    refuse(NfsStatus.ACCES, node, true, results, slot);
            case RENAME -> {
                results.putInt(NfsStatus.ACCES.code());
                nothingKnown(results);
                nothingKnown(results);
                slot.send();
            }
            case LINK -> {
                results.putInt(NfsStatus.ACCES.code()).putInt(0);
                nothingKnown(results);
                slot.send();
            }
            case READDIR, READDIRPLUS -> readDirectory(procedure, node, arguments, results, slot);
            case FSSTAT -> fileSystemStatistics(node, results, slot);
            case FSINFO -> fileSystemInformation(node, results, slot);
            case PATHCONF -> pathConfiguration(node, results, slot);
            case COMMIT -> commit(node, results, slot);
        }
        return true;
    }

    /** wcc_data without attributes. */
    private static void nothingKnown(ByteBuffer results) {
        results.putLong(0);
    }

    /**
     * A status that is not OK, with the attributes that go with it.
     *
     * @param changes whether the procedure is one that changes something: then it is wcc_data
     */
    private void refuse(
            NfsStatus status, @Nullable Node node, boolean changes, ByteBuffer results, Slot slot) {
        results.putInt(node == null ? NfsStatus.STALE.code() : status.code());
        if (changes) {
            results.putInt(0);
        }
        if (node == null) {
            results.putInt(0);
        } else {
            tree.postOpAttributes(results, node);
        }
        slot.send();
    }

    private void getAttributes(@Nullable Node node, ByteBuffer results, Slot slot) {
        if (node == null) {
            results.putInt(NfsStatus.STALE.code());
        } else {
            results.putInt(NfsStatus.OK.code());
            tree.attributes(results, node);
        }
        slot.send();
    }

    /** sattr3: mode, user, group, size, each behind whether it is set; times are not looked at. */
    private void setAttributes(
            @Nullable Node node, ByteBuffer arguments, ByteBuffer results, Slot slot) {
        boolean changed = false;
        for (int i = 0; i < 3; i++) {
            if (arguments.getInt() != 0) {
                int _ = arguments.getInt();
                changed = true;
            }
        }
        boolean resized = arguments.getInt() != 0 && arguments.getLong() != tree.capacityBytes();
        NfsStatus status = NfsStatus.OK;
        if (resized) {
            status = NfsStatus.INVAL;
        } else if (changed) {
            status = NfsStatus.PERM;
        }
        refuse(status, node, true, results, slot);
    }

    private void lookUp(@Nullable Node node, ByteBuffer arguments, ByteBuffer results, Slot slot) {
        String name = Xdr.string(arguments, NAME_BYTES_MAX);
        if (node == FILE) {
            refuse(NfsStatus.NOTDIR, node, false, results, slot);
            return;
        }
        Node found =
                switch (name) {
                    case ".", ".." -> DIRECTORY;
                    case Tree.FILE_NAME -> FILE;
                    default -> null;
                };
        if (node == null || found == null) {
            refuse(NfsStatus.NOENT, node, false, results, slot);
            return;
        }
        results.putInt(NfsStatus.OK.code());
        tree.handle(results, found);
        tree.postOpAttributes(results, found);
        tree.postOpAttributes(results, node);
        slot.send();
    }

    private void access(@Nullable Node node, ByteBuffer arguments, ByteBuffer results, Slot slot) {
        int asked = arguments.getInt();
        if (node == null) {
            refuse(NfsStatus.STALE, null, false, results, slot);
            return;
        }
        int may = ACCESS_READ | ACCESS_LOOKUP;
        if (node == FILE) {
            may = tree.looksWritable() ? ACCESS_READ | ACCESS_WRITE : ACCESS_READ;
        }
        results.putInt(NfsStatus.OK.code());
        tree.postOpAttributes(results, node);
        results.putInt(asked & may);
        slot.send();
    }

    /** Ends at the end of the file, as files do. */
    private void read(@Nullable Node node, ByteBuffer arguments, ByteBuffer results, Slot slot) {
        long offset = arguments.getLong();
        long count = Integer.toUnsignedLong(arguments.getInt());
        if (node != FILE) {
            refuse(NfsStatus.ISDIR, node, false, results, slot);
        } else if (tree.refusing()) {
            refuse(NfsStatus.IO, node, false, results, slot);
        } else if (offset < 0) {
            refuse(NfsStatus.INVAL, node, false, results, slot);
        } else if (count == 0 || offset >= tree.capacityBytes()) {
            results.putInt(NfsStatus.OK.code());
            tree.postOpAttributes(results, node);
            results.putInt(0).putInt(offset >= tree.capacityBytes() ? 1 : 0).putInt(0);
            slot.send();
        } else {
            long most = Math.min(Slot.DATA_BYTES, tree.capacityBytes() - offset);
            slot.read(offset, (int) Math.min(count, most));
        }
    }

    /** The data is in the slot. */
    void write(
            @Nullable Node node,
            long offset,
            int bytes,
            int stable,
            ByteBuffer results,
            Slot slot) {
        if (node != FILE) {
            refuse(NfsStatus.ISDIR, node, true, results, slot);
        } else if (tree.readOnly()) {
            refuse(NfsStatus.ROFS, node, true, results, slot);
        } else if (tree.refusing()) {
            refuse(NfsStatus.IO, node, true, results, slot);
        } else if (offset < 0 || offset > tree.capacityBytes() - bytes) {
            refuse(NfsStatus.NOSPC, node, true, results, slot); // as a block device has it
        } else {
            slot.write(offset, bytes, stable != UNSTABLE);
        }
    }

    private void commit(@Nullable Node node, ByteBuffer results, Slot slot) {
        if (node != FILE) {
            refuse(NfsStatus.INVAL, node, true, results, slot);
        } else if (tree.refusing()) {
            refuse(NfsStatus.IO, node, true, results, slot);
        } else if (tree.readOnly()) {
            results.putInt(NfsStatus.OK.code());
            tree.weakCacheConsistency(results, node);
            results.putLong(tree.writeVerifier());
            slot.send();
        } else {
            slot.commit();
        }
    }

    /** All entries in the first answer; a cookie is the number of the entry before. */
    private void readDirectory(
            Procedure procedure,
            @Nullable Node node,
            ByteBuffer arguments,
            ByteBuffer results,
            Slot slot) {
        long cookie = arguments.getLong();
        if (node != DIRECTORY) {
            refuse(NfsStatus.NOTDIR, node, false, results, slot);
            return;
        }
        results.putInt(NfsStatus.OK.code());
        tree.postOpAttributes(results, DIRECTORY);
        results.putLong(0); // the cookie verifier: the directory never changes
        boolean plus = procedure == Procedure.READDIRPLUS;
        String[] names = {".", "..", Tree.FILE_NAME};
        for (int i = 0; i < names.length; i++) {
            if (i >= cookie) {
                entry(results, i + 1L, names[i], i < 2 ? DIRECTORY : FILE, plus);
            }
        }
        results.putInt(0).putInt(1); // no more entries, and that was the end
        slot.send();
    }

    private void entry(ByteBuffer results, long cookie, String name, Node node, boolean plus) {
        results.putInt(1).putLong(Tree.fileId(node));
        Xdr.put(results, name);
        results.putLong(cookie);
        if (plus) {
            tree.postOpAttributes(results, node);
            results.putInt(1);
            tree.handle(results, node);
        }
    }

    /** All in use. */
    private void fileSystemStatistics(@Nullable Node node, ByteBuffer results, Slot slot) {
        if (node == null) {
            refuse(NfsStatus.STALE, null, false, results, slot);
            return;
        }
        results.putInt(NfsStatus.OK.code());
        tree.postOpAttributes(results, node);
        results.putLong(tree.capacityBytes()).putLong(0).putLong(0); // bytes
        results.putLong(2).putLong(0).putLong(0); // files
        results.putInt(Integer.MAX_VALUE); // seconds in which nothing of it changes
        slot.send();
    }

    private void fileSystemInformation(@Nullable Node node, ByteBuffer results, Slot slot) {
        if (node == null) {
            refuse(NfsStatus.STALE, null, false, results, slot);
            return;
        }
        results.putInt(NfsStatus.OK.code());
        tree.postOpAttributes(results, node);
        for (int i = 0; i < 2; i++) { // reads and writes: maximum, preferred, multiple
            results.putInt(Slot.DATA_BYTES).putInt(Slot.DATA_BYTES).putInt(BLOCK_BYTES);
        }
        results.putInt(BLOCK_BYTES) // preferred for READDIR
                .putLong(tree.capacityBytes()) // of the largest file
                .putInt(1) // resolution of times: a second
                .putInt(0)
                .putInt(FSF3_HOMOGENEOUS);
        slot.send();
    }

    private void pathConfiguration(@Nullable Node node, ByteBuffer results, Slot slot) {
        if (node == null) {
            refuse(NfsStatus.STALE, null, false, results, slot);
            return;
        }
        results.putInt(NfsStatus.OK.code());
        tree.postOpAttributes(results, node);
        results.putInt(1).putInt(NAME_BYTES_MAX); // links, bytes of a name
        results.putInt(1).putInt(1).putInt(0).putInt(1); // no_trunc, chown_restricted, case
        slot.send();
    }
}
