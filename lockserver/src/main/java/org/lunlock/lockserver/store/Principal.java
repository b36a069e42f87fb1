// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store;

import java.util.List;

/** Whoever has a bearer token, under its name. */
public record Principal(String name, List<Allowance> allowances) {

    /**
     * A right to some volumes.
     *
     * @param volumes a volume's name; a beginning and {@code *}; or {@code *} for all
     */
    public record Allowance(Right right, String volumes) {
        private boolean covers(String volume) {
            return volumes.endsWith("*")
                    ? volume.startsWith(volumes.substring(0, volumes.length() - 1))
                    : volumes.equals(volume);
        }
    }

    public Principal {
        allowances = List.copyOf(allowances);
    }

    public boolean may(Right right, String volume) {
        return allowances.stream()
                .anyMatch(it -> it.right().compareTo(right) >= 0 && it.covers(volume));
    }

    /** Whether it has the right to all volumes there are and will be. */
    public boolean mayEverywhere(Right right) {
        return allowances.stream()
                .anyMatch(it -> it.right().compareTo(right) >= 0 && it.volumes().equals("*"));
    }
}
