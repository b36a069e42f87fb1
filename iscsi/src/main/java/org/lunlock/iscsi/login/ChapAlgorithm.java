// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;

/**
 * The hash functions of CHAP and their numbers. RFC 7143 §12.1.3 (Challenge Handshake
 * Authentication Protocol (CHAP)).
 */
public enum ChapAlgorithm {
    MD5(5, "MD5"),
    SHA_1(6, "SHA-1"),
    SHA_256(7, "SHA-256"),
    SHA3_256(8, "SHA3-256");

    /** What is offered where nothing else is said. */
    public static final List<ChapAlgorithm> STRONGEST_FIRST =
            List.of(SHA3_256, SHA_256, SHA_1, MD5);

    private final int number;
    private final String digest;

    ChapAlgorithm(int number, String digest) {
        this.number = number;
        this.digest = digest;
    }

    /** The value of CHAP_A, as IANA assigns it. */
    public int number() {
        return number;
    }

    MessageDigest messageDigest() {
        try {
            return MessageDigest.getInstance(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java runtime lacks " + digest, e);
        }
    }

    @Override
    public String toString() {
        return digest;
    }
}
