// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import org.jspecify.annotations.Nullable;

/**
 * Why a request was not met; nothing was changed.
 *
 * @param error a word for programs, such as unknown-claim
 * @param message one line for people
 * @param ended how the claim ended that the request was about, where that is known
 */
public record Problem(String error, String message, @Nullable HoldingStatus ended) {}
