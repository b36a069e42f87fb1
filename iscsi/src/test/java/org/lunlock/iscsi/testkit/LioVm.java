// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import org.lunlock.iscsi.Portal;

/**
 * A Linux whose kernel is an iSCSI target (LIO). A class of tests shares one, with a {@link
 * LioTarget} for each test.
 */
public final class LioVm implements AutoCloseable {
    private final Vm vm;
    private int targets;

    /** Boots one; skips the test where that cannot be done. */
    public static LioVm boot() throws IOException {
        return new LioVm(Vm.boot("iscsi/src/test/sh/lio"));
    }

    private LioVm(Vm vm) {
        this.vm = vm;
    }

    /** Where every target of this machine is reached from here. */
    public Portal portal() {
        return vm.portal();
    }

    /** Where the targets themselves say they are. */
    public Portal portalInside() {
        return vm.portalInside();
    }

    /** A target with a disk of 64 MiB. */
    public LioTarget newTarget() {
        return newTarget(64, 512);
    }

    /**
     * A target of its own for a test.
     *
     * @param mebibytes of its disk; all disks together have no more than some 200
     * @param blockBytes 512, 1024, 2048 or 4096
     */
    public LioTarget newTarget(int mebibytes, int blockBytes) {
        targets++;
        String name = "iqn.2026-11.org.lunlock.test:lio-" + targets;
        return new LioTarget(this, name, mebibytes, blockBytes);
    }

    /**
     * Runs a shell script in the machine, as root.
     *
     * @return what it printed, both streams
     * @throws AssertionError with what it printed, when it failed
     */
    public String run(String script) {
        return vm.run(script);
    }

    /** What QEMU and the kernel printed so far. */
    public String log() {
        return vm.log();
    }

    /** Ends the machine. Idempotent. */
    @Override
    public void close() {
        vm.close();
    }
}
