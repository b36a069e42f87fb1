// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Pattern;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.StoreException.Kind;

/** A bearer token: 256 random bits, so that a slow hash would add nothing. */
public final class Bearer {
    private static final String PREFIX = "lunlock_";
    private static final int SECRET_BYTES = 32;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}");
    private static final Pattern VOLUMES =
            Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,62}\\*?|\\*");

    private Bearer() {}

    /** One that nobody has. */
    public static String draw() {
        byte[] random = new byte[SECRET_BYTES];
        new SecureRandom().nextBytes(random);
        return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    public static String sha256(String bearer) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            return HexFormat.of().formatHex(digest.digest(bearer.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /**
     * Whether a token may be called this and allow that.
     *
     * @throws StoreException WRONG when not
     */
    public static void check(String name, List<Allowance> allowances) throws StoreException {
        if (!NAME.matcher(name).matches()) {
            throw wrong(
                    "this cannot be a token's name: use letters, digits, dots, dashes and"
                            + " underscores, at most 63");
        }
        if (allowances.isEmpty()) {
            throw wrong("a token without rights: add --use, --force or --admin");
        }
        for (Allowance allowance : allowances) {
            if (!VOLUMES.matcher(allowance.volumes()).matches()) {
                throw wrong("this names no volumes: write NAME, BEGINNING* or '*'");
            }
        }
    }

    public static StoreException taken(String name) {
        return wrong("a token has this name (%s): choose another".formatted(name));
    }

    public static StoreException unknown(String name) {
        return wrong("no such token (%s): see 'lunlock lockserver token list'".formatted(name));
    }

    private static StoreException wrong(String message) {
        return new StoreException(Kind.WRONG, message, null);
    }
}
