// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.LunGeometry;
import org.lunlock.iscsi.FencedException;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.ScsiException;
import org.lunlock.iscsi.scsi.Capacity;
import org.lunlock.iscsi.scsi.Inquiry;
import org.lunlock.iscsi.scsi.PersistentReserveIn;
import org.lunlock.iscsi.scsi.ReservationType;
import org.lunlock.iscsi.session.Session;

/**
 * Asks a logical unit what it can do. In an order that tells as much as it may: while another host
 * has it reserved, what is asked last may be refused.
 */
final class TargetExamination {
    private final Session session;
    private final Lun lun;
    private final Inspector inspector;
    private final List<Finding> findings;

    TargetExamination(Session session, Lun lun, Inspector inspector, List<Finding> findings) {
        this.session = session;
        this.lun = lun;
        this.inspector = inspector;
        this.findings = findings;
    }

    void run() throws IscsiException {
        digests();
        identity();
        reservations();
        try {
            blocks(LunGeometry.of(session, lun));
        } catch (FencedException e) {
            findings.add(
                    Finding.degraded(
                            "blocks",
                            "not told while another host has it",
                            "try again when it is free: lunlock locks"));
        }
    }

    private void digests() {
        boolean header = session.settings().headerDigest();
        boolean data = session.settings().dataDigest();
        findings.add(
                header && data
                        ? Finding.ok("digests", "CRC32C over headers and data")
                        : Finding.degraded(
                                "digests",
                                header || data
                                        ? "CRC32C over " + (header ? "headers" : "data") + " only"
                                        : "none",
                                "let the target agree to CRC32C, or trust TCP's checksum"));
    }

    private void identity() throws IscsiException {
        Inquiry inquiry = inspector.standardInquiry();
        String name =
                "%s %s %s"
                        .formatted(inquiry.vendor(), inquiry.product(), inquiry.revision())
                        .strip();
        List<String> names = Identity.names(session, lun);
        findings.add(
                !names.isEmpty()
                        ? Finding.ok("identity", name + ", " + names.getFirst())
                        : Finding.degraded(
                                "identity",
                                name + " has none (VPD page 83h)",
                                "another disk in its place is not noticed"));
    }

    private void reservations() throws IscsiException {
        try {
            PersistentReserveIn.Holder holder =
                    session.execute(lun, PersistentReserveIn.readReservation()).holder();
            String now = holder == null ? "free now" : "reserved now: " + holder.type();
            reservations(now, capabilities());
        } catch (ScsiException e) {
            findings.add(
                    Finding.missing(
                            "reservations",
                            "no persistent reservations: " + e.getMessage(),
                            "turn them on at the target (LIO: emulate_pr=1), or use another"));
        }
    }

    private PersistentReserveIn.@Nullable Capabilities capabilities() throws IscsiException {
        try {
            return session.execute(lun, PersistentReserveIn.reportCapabilities());
        } catch (ScsiException e) {
            return null; // an old target
        }
    }

    private void reservations(String now, PersistentReserveIn.@Nullable Capabilities can) {
        if (can == null) {
            findings.add(
                    Finding.degraded(
                            "reservations",
                            "there, but the target does not say which (" + now + ")",
                            "see whether 'lunlock run --no-mount' gets the lock"));
            return;
        }
        type("reservations", "to write", ReservationType.EXCLUSIVE_ACCESS, now, can);
        type(
                "shared reading",
                "to read together",
                ReservationType.WRITE_EXCLUSIVE_ALL_REGISTRANTS,
                now,
                can);
        findings.add(
                can.persistsThroughPowerLoss()
                        ? Finding.ok("APTPL", "reservations can outlive a power loss of the target")
                        : Finding.degraded(
                                "APTPL",
                                "reservations do not outlive a restart of the target",
                                "turn it on if the target can (LIO needs its directory); without it a"
                                        + " restarted target is left alone for a term"));
    }

    private void type(
            String what,
            String purpose,
            ReservationType type,
            String now,
            PersistentReserveIn.Capabilities can) {
        boolean write = type == ReservationType.EXCLUSIVE_ACCESS;
        if (can.mayReserve(type)) {
            findings.add(Finding.ok(what, "%s, %s (%s)".formatted(type, purpose, now)));
        } else if (write) {
            findings.add(Finding.missing(what, "no " + type, "use another target"));
        } else {
            findings.add(Finding.degraded(what, "no " + type, "--read-only cannot share it"));
        }
    }

    private void blocks(LunGeometry geometry) {
        Capacity capacity = geometry.capacity();
        int bytes = capacity.blockBytes();
        String size = "%,d bytes in blocks of %d".formatted(capacity.bytes(), bytes);
        findings.add(
                bytes == 512 || bytes == 4096
                        ? Finding.ok("blocks", size)
                        : Finding.missing("blocks", size, "make a LUN with blocks of 512 or 4096"));
        if (geometry.writeProtected()) {
            findings.add(
                    Finding.degraded("writing", "write-protected", "use --read-only, or allow it"));
        }
        findings.add(Finding.ok("write cache", writeCache(geometry)));
        findings.add(
                geometry.provisioning().unmaps()
                        ? Finding.ok("UNMAP", "space can be given back")
                        : Finding.degraded(
                                "UNMAP",
                                "space that files give back stays taken at the target",
                                "a thin LUN with UNMAP takes it (fstrim)"));
    }

    private static String writeCache(LunGeometry geometry) {
        if (geometry.writesThrough()) {
            return "none: writes are on stable storage";
        }
        return geometry.fua()
                ? "there, and flushed; single writes can go past it (FUA)"
                : "there or not told, and flushed";
    }
}
