// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

/** What to offer for HeaderDigest or DataDigest. RFC 7143 §13.1 (HeaderDigest and DataDigest). */
public enum Digest {
    NONE("None"),
    /** CRC32C where the target can, none where it cannot. */
    CRC32C_PREFERRED("CRC32C,None"),
    /** CRC32C, or no login. */
    CRC32C("CRC32C");

    private final String offer;

    Digest(String offer) {
        this.offer = offer;
    }

    String offer() {
        return offer;
    }
}
