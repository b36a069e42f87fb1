// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.util.OptionalInt;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;

/**
 * A portal as a target names it: {@code host[:port][,tag]}. RFC 7143 §13.8 (TargetAddress).
 *
 * @param portalGroupTag 0..65535; absent in a redirection
 */
public record TargetAddress(Portal portal, OptionalInt portalGroupTag) {

    static TargetAddress parse(String text) throws ProtocolException {
        int comma = text.lastIndexOf(',');
        OptionalInt tag = OptionalInt.empty();
        if (comma >= 0) {
            String digits = Key.TARGET_PORTAL_GROUP_TAG.read(text.substring(comma + 1));
            tag = OptionalInt.of(Integer.parseInt(digits));
        }
        try {
            return new TargetAddress(
                    Portal.parse(comma < 0 ? text : text.substring(0, comma)), tag);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException(
                    "TargetAddress=" + TextKeys.printable(text) + " is no address", e);
        }
    }
}
