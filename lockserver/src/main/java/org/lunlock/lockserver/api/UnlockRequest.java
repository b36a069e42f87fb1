// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

/**
 * Takes a volume from its holder.
 *
 * @param token the holder's, as it was seen: another holder loses nothing
 * @param volume once more, so that nobody takes another than he meant
 * @param reason for the history, 1..1000 characters
 */
public record UnlockRequest(long token, String volume, String reason) {
    public static final int REASON_CHARACTERS_MAX = 1000;
}
