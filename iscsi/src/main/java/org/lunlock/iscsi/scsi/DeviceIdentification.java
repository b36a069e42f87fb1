// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import static java.util.Comparator.comparingInt;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.ProtocolException;

/**
 * The names of a logical unit, its port and its target device, in the target's order. SPC-4, Device
 * Identification VPD page.
 */
public record DeviceIdentification(List<Designator> designators) {
    private static final int NOT_AN_IDENTITY = 100;

    public DeviceIdentification {
        designators = List.copyOf(designators);
    }

    static DeviceIdentification decode(Fields page) throws ProtocolException {
        List<Designator> designators = new ArrayList<>();
        int at = Designator.HEADER_LENGTH; // the page's own header has four bytes, too
        while (at < page.length()) {
            int length = Designator.HEADER_LENGTH + page.u8(at + 3); // DESIGNATOR LENGTH
            designators.add(Designator.decode(page.part(at, length)));
            at += length;
        }
        return new DeviceIdentification(designators);
    }

    /**
     * One name of the logical unit that stays the same over sessions, ports and restarts: {@code
     * naa.6001405…}, {@code eui.…} or {@code t10.…}, in this order of preference, before the
     * formats that promise less. Two logical units with different identities are different; the
     * same identity proves little where an administrator can set it.
     *
     * @return null when the target names no logical unit
     */
    public @Nullable String identity() {
        List<String> all = identities();
        return all.isEmpty() ? null : all.getFirst();
    }

    /**
     * All names of the logical unit, as {@link #identity} writes and prefers them. It is the one
     * that was once seen while it still has that name, whatever others a target has learned since.
     */
    public List<String> identities() {
        return designators.stream()
                .filter(d -> d.association() == Designator.Association.LOGICAL_UNIT)
                .filter(d -> rank(d) < NOT_AN_IDENTITY)
                .sorted(comparingInt(DeviceIdentification::rank))
                .map(d -> prefix(d.type()) + d.value().replace(' ', '_'))
                .toList();
    }

    private static int rank(Designator designator) {
        return switch (designator.type()) {
            case NAA ->
                    switch (designator.value().isEmpty() ? ' ' : designator.value().charAt(0)) {
                        case '6' -> 0; // IEEE registered extended: names the logical unit itself
                        case '5', '2' -> 1;
                        default -> 2; // 3 is locally assigned
                    };
            case EUI_64 -> 3;
            case T10_VENDOR_ID -> 4;
            case SCSI_NAME_STRING -> 5;
            case MD5_LOGICAL_UNIT -> 6;
            case VENDOR_SPECIFIC -> 7;
            case RELATIVE_TARGET_PORT, TARGET_PORT_GROUP, LOGICAL_UNIT_GROUP, RESERVED ->
                    NOT_AN_IDENTITY;
        };
    }

    private static String prefix(Designator.Type type) {
        return switch (type) {
            case NAA -> "naa.";
            case EUI_64 -> "eui.";
            case T10_VENDOR_ID -> "t10.";
            case MD5_LOGICAL_UNIT -> "md5.";
            case SCSI_NAME_STRING -> ""; // begins with its own iqn., naa. or eui.
            case VENDOR_SPECIFIC -> "vendor.";
            case RELATIVE_TARGET_PORT, TARGET_PORT_GROUP, LOGICAL_UNIT_GROUP, RESERVED -> "";
        };
    }
}
