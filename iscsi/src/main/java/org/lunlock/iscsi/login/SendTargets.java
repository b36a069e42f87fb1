// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.ProtocolException;

/** What a discovery session asks, and how the answer reads. RFC 7143 §13.3 (SendTargets). */
public final class SendTargets {

    /**
     * A target that the portal knows.
     *
     * @param addresses where it listens; empty when it is the portal that was asked
     */
    public record DiscoveredTarget(IscsiName name, List<TargetAddress> addresses) {
        public DiscoveredTarget {
            addresses = List.copyOf(addresses);
        }
    }

    private SendTargets() {}

    /** The text that asks for all targets. */
    public static ByteBuffer requestAll() {
        return TextKeys.format(List.of(TextKey.of(Key.SEND_TARGETS, "All")));
    }

    /**
     * Reads the whole answer, from the buffer's position to its limit. Keys that have no place in
     * it are passed over.
     *
     * @throws ProtocolException when a name or an address cannot be read, or one belongs to nobody
     */
    public static List<DiscoveredTarget> parse(ByteBuffer text) throws ProtocolException {
        List<DiscoveredTarget> targets = new ArrayList<>();
        List<TargetAddress> addresses = new ArrayList<>();
        String name = null;
        for (TextKey key : TextKeys.parse(text)) {
            if (key.name().equals(Key.TARGET_NAME.text())) {
                if (name != null) {
                    targets.add(new DiscoveredTarget(targetName(name), addresses));
                }
                name = key.value();
                addresses.clear();
            } else if (key.name().equals(Key.TARGET_ADDRESS.text())) {
                if (name == null) {
                    throw new ProtocolException("TargetAddress before any TargetName");
                }
                addresses.add(TargetAddress.parse(key.value()));
            }
        }
        if (name != null) {
            targets.add(new DiscoveredTarget(targetName(name), addresses));
        }
        return targets;
    }

    private static IscsiName targetName(String text) throws ProtocolException {
        try {
            return IscsiName.of(text);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(
                    "TargetName=" + TextKeys.printable(text) + " is no iSCSI name", e);
        }
    }
}
