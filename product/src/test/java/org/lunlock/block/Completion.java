// SPDX-License-Identifier: Apache-2.0
package org.lunlock.block;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Lets devices of other packages complete requests. */
public final class Completion {
    private Completion() {}

    public static void of(BlockRequest request, @Nullable IOException failure) {
        request.completed(failure);
    }
}
