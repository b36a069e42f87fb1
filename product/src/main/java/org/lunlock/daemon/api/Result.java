// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The last line of a request that was met. */
public sealed interface Result extends Reply {

    /** There is nothing more to say. */
    @JsonTypeName("done")
    record Done() implements Result {}

    /** One element for each configured volume, in the order of the configuration. */
    @JsonTypeName("status")
    record StatusReport(List<VolumeStatus> volumes) implements Result {}

    /** One element for each configured volume, in the order of the configuration. */
    @JsonTypeName("locks")
    record LockReport(List<LockStatus> locks) implements Result {}

    /**
     * A lock that was taken away; the volume is free.
     *
     * @param before who had it; its holder is null when nobody had, and nothing was done
     * @param serverFailure why the lock server was not told; null when it was, or there is none
     */
    @JsonTypeName("unlocked")
    record Unlocked(LockStatus before, @Nullable String serverFailure) implements Result {}

    /** What SendTargets found. RFC 7143 Appendix C. */
    @JsonTypeName("targets")
    record Targets(List<Target> targets) implements Result {}

    /** A target and where it listens. */
    record Target(String name, List<TargetPortal> portals) {}

    /** A portal as {@code host:port}, and the group that it belongs to. */
    record TargetPortal(String portal, int targetPortalGroupTag) {}

    /**
     * What INQUIRY says.
     *
     * @param deviceType the peripheral device type; 0 is a disk
     * @param identifiers of the logical unit, such as {@code naa.6001405abc}
     */
    @JsonTypeName("inquiry")
    record Inquiry(
            String vendor,
            String product,
            String revision,
            int deviceType,
            @Nullable String serialNumber,
            List<String> identifiers)
            implements Result {}

    /** What READ CAPACITY says. */
    @JsonTypeName("capacity")
    record Capacity(long blocks, int blockBytes, int physicalBlockBytes, boolean thinProvisioned)
            implements Result {
        /** The whole capacity, in bytes. */
        @JsonProperty
        public long bytes() {
            return blocks * blockBytes;
        }
    }

    /** What REPORT LUNS says. */
    @JsonTypeName("luns")
    record LogicalUnits(List<Integer> luns) implements Result {}

    /**
     * What PERSISTENT RESERVE IN says.
     *
     * @param generation PRGENERATION, unsigned
     * @param reservation null when there is none
     */
    @JsonTypeName("reservations")
    record Reservations(
            long generation, List<RegisteredKey> keys, @Nullable Reservation reservation)
            implements Result {}

    /**
     * A registered reservation key.
     *
     * @param key 0x and 16 hexadecimal digits
     * @param host which host this key belongs to; null for a key that is not lunlock's
     */
    record RegisteredKey(String key, @Nullable String host) {}

    /**
     * Who may do what.
     *
     * @param key 0x and 16 hexadecimal digits
     * @param type as SPC-4 calls it: Exclusive Access
     */
    record Reservation(String key, String type) {}

    /** The daemon itself. */
    @JsonTypeName("daemon")
    record DaemonReport(
            String version,
            int api,
            long pid,
            Instant since,
            String configuration,
            String socket,
            String log)
            implements Result {}
}
