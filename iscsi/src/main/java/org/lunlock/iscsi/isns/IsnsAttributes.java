// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.isns;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;
import org.lunlock.iscsi.login.TargetAddress;

/**
 * The attributes of an answer: tag, length, value, one behind the other, where a name begins a new
 * object. A portal group object says that a target is reached at a portal. RFC 4171 §6.1 (iSNS
 * Attribute Summary).
 */
final class IsnsAttributes {
    static final int ISCSI_NAME = 32;
    static final int NODE_TYPE = 33;
    private static final int DELIMITER = 0;
    private static final int GROUP_NAME = 48;
    private static final int GROUP_ADDRESS = 49;
    private static final int GROUP_PORT = 50;
    private static final int GROUP_TAG = 51;

    static final List<Integer> ASKED_FOR =
            List.of(ISCSI_NAME, NODE_TYPE, GROUP_NAME, GROUP_ADDRESS, GROUP_PORT, GROUP_TAG);

    private static final int ADDRESS_BYTES = 16;

    /** Beside the port's number: the portal speaks UDP. */
    private static final int UDP = 0x1_0000;

    private final Map<IscsiName, List<TargetAddress>> targets = new LinkedHashMap<>();
    private @Nullable IscsiName groupName;
    private @Nullable InetAddress groupAddress;
    private int groupPort;
    private OptionalInt groupTag = OptionalInt.empty();

    private IsnsAttributes() {}

    /** From the buffer's position to its limit. */
    static List<DiscoveredTarget> targets(ByteBuffer attributes) throws ProtocolException {
        IsnsAttributes read = new IsnsAttributes();
        boolean inKey = true; // the message key repeats the question
        while (attributes.hasRemaining()) {
            int tag = attributes.remaining() < 8 ? -1 : attributes.getInt();
            int length = tag == -1 ? -1 : attributes.getInt();
            if (length < 0 || length > attributes.remaining()) {
                throw new ProtocolException("an iSNS attribute is cut");
            }
            ByteBuffer value = attributes.slice(attributes.position(), length);
            attributes.position(attributes.position() + length);
            if (tag == DELIMITER) {
                inKey = false;
            } else if (!inKey) {
                read.attribute(tag, value);
            }
        }
        read.endGroup();
        return read.targets.entrySet().stream()
                .map(target -> new DiscoveredTarget(target.getKey(), target.getValue()))
                .toList();
    }

    private void attribute(int tag, ByteBuffer value) throws ProtocolException {
        switch (tag) {
            case ISCSI_NAME -> targets.computeIfAbsent(name(value), _ -> new ArrayList<>());
            case GROUP_NAME -> {
                endGroup();
                groupName = name(value);
            }
            case GROUP_ADDRESS -> groupAddress = address(value);
            case GROUP_PORT -> groupPort = number(value);
            case GROUP_TAG ->
                    groupTag =
                            value.hasRemaining()
                                    ? OptionalInt.of(number(value) & 0xffff)
                                    : OptionalInt.empty();
            default -> {} // what was not asked for
        }
    }

    private void endGroup() {
        boolean tcp = (groupPort & UDP) == 0 && groupPort > 0 && groupPort <= 0xffff;
        if (groupName != null && groupAddress != null && tcp) {
            Portal portal = new Portal(groupAddress.getHostAddress(), groupPort);
            targets.computeIfAbsent(groupName, _ -> new ArrayList<>())
                    .add(new TargetAddress(portal, groupTag));
        }
        groupName = null;
        groupAddress = null;
        groupPort = 0;
        groupTag = OptionalInt.empty();
    }

    private static IscsiName name(ByteBuffer value) throws ProtocolException {
        String text = UTF_8.decode(value).toString();
        int end = text.indexOf(0);
        try {
            return IscsiName.of(end < 0 ? text : text.substring(0, end));
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("an iSNS server told a name that is none", e);
        }
    }

    /** Addresses of version 4 come mapped into version 6. */
    private static InetAddress address(ByteBuffer value) throws ProtocolException {
        if (value.remaining() != ADDRESS_BYTES) {
            throw new ProtocolException("an iSNS address of " + value.remaining() + " bytes");
        }
        byte[] bytes = new byte[ADDRESS_BYTES];
        value.get(bytes);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("sixteen bytes are an address", e);
        }
    }

    private static int number(ByteBuffer value) throws ProtocolException {
        if (value.remaining() != Integer.BYTES) {
            throw new ProtocolException("an iSNS number of " + value.remaining() + " bytes");
        }
        return value.getInt();
    }
}
