// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.api;

import java.util.List;

/** What a bearer token is good for. */
public record Whoami(String name, List<Allowed> rights) {

    /** A right, and the volumes it covers: a name, a beginning and *, or *. */
    public record Allowed(String right, String volumes) {}

    public Whoami {
        rights = List.copyOf(rights);
    }
}
