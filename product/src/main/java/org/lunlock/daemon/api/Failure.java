// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonTypeName;

/**
 * The request cannot be met. This line has the same form in every version of the API.
 *
 * @param exit the exit code of {@link org.lunlock.ExitCode}
 * @param message one line: what happened (where): what to do next
 */
@JsonTypeName("failure")
public record Failure(int exit, String message) implements Reply {}
