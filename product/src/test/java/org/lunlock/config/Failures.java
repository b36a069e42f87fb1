// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import org.assertj.core.api.AbstractStringAssert;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** Looks at how something failed. */
final class Failures {
    private Failures() {}

    /** The message of the failure, which must carry this exit code. */
    static AbstractStringAssert<?> assertFails(ExitCode exitCode, ThrowingCallable call) {
        LunlockException failure = catchThrowableOfType(LunlockException.class, call);
        assertThat(failure).as("a failure").isNotNull();
        assertThat(failure.exitCode()).as(failure.getMessage()).isEqualTo(exitCode);
        return assertThat(failure.getMessage());
    }
}
