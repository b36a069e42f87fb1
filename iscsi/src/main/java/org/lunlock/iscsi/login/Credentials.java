// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Secret;

/**
 * How the two sides prove who they are by CHAP. RFC 7143 §12.1.3 (Challenge Handshake
 * Authentication Protocol (CHAP)).
 *
 * @param user the initiator's CHAP name
 * @param secret the initiator's; at least 96 bits where nothing else protects the connection
 * @param mutual what the target has to prove, or null when it need not
 */
public record Credentials(String user, Secret secret, @Nullable Mutual mutual) {

    private static final int SECRET_BYTES_MIN = 96 / 8;

    /**
     * What the target proves in turn.
     *
     * @param user the target's CHAP name
     * @param secret the target's, different from the initiator's
     */
    public record Mutual(String user, Secret secret) {
        public Mutual {
            checkUser(user);
        }
    }

    public Credentials {
        checkUser(user);
    }

    /**
     * Whether a secret has fewer than 96 bits: whoever records a login then guesses it sooner or
     * later. RFC 7143 §9.2.1 (CHAP Considerations) wants more wherever IPsec does not help.
     */
    public boolean areWeak() {
        boolean weak = secret.length() < SECRET_BYTES_MIN;
        return weak || mutual != null && mutual.secret().length() < SECRET_BYTES_MIN;
    }

    private static void checkUser(String user) {
        if (user.isEmpty() || user.indexOf(0) >= 0) {
            throw new IllegalArgumentException("a CHAP name is not empty and has no zero byte");
        }
    }
}
