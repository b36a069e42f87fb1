// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;

/**
 * A target of Linux's own (LIO) in a {@link LioVm}, for one test alone: it lets everybody in, and
 * has one disk, a thin one, as LUN 1.
 */
public final class LioTarget implements AutoCloseable {
    private final LioVm machine;
    private final IscsiName name;

    LioTarget(LioVm machine, String name, int mebibytes, int blockBytes) {
        this.machine = machine;
        this.name = IscsiName.of(name);
        tell("create", Integer.toString(mebibytes), Integer.toString(blockBytes));
    }

    public Portal portal() {
        return machine.portal();
    }

    public IscsiName name() {
        return name;
    }

    /**
     * Gives an initiator an access control list of its own, as administrators do. What a target
     * knows of all others it knows only from their next login on: after {@link #powerCycle} their
     * reservations, too.
     */
    public LioTarget know(IscsiName initiator) {
        return tell("know", initiator.value());
    }

    /** A key of the operational negotiation, e.g. {@code MaxBurstLength}; for logins to come. */
    public LioTarget parameter(String key, String value) {
        return tell("parameter", key, value);
    }

    /** An attribute of its portal group, as the kernel names it. */
    public LioTarget attribute(String key, String value) {
        return tell("attribute", key, value);
    }

    /** What the initiator must know: CHAP. */
    public LioTarget incoming(String user, String secret) {
        return tell("incoming", user, secret);
    }

    /** What the target must know: mutual CHAP, beside {@link #incoming}. */
    public LioTarget outgoing(String user, String secret) {
        return tell("outgoing", user, secret);
    }

    /** The target closes all connections, without a word to the initiators. */
    public void dropConnections() {
        tell("drop");
    }

    /**
     * As if the power had failed: the disk, lists of access and reservations with APTPL come back,
     * everything else that was set is forgotten. Meanwhile logins are refused because there is no
     * such target, which no machine without power would say: keep initiators away until this
     * returns.
     */
    public void powerCycle() {
        tell("power-cycle");
    }

    /** Removes the target and its disk; connections end. */
    @Override
    public void close() {
        tell("delete");
    }

    private LioTarget tell(String action, String... words) {
        StringBuilder command = new StringBuilder("lio-target " + action + " " + name.value());
        for (String word : words) {
            command.append(" '").append(word).append('\'');
        }
        machine.run(command.toString());
        return this;
    }
}
