// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

/** What keeps a host that lost the lock from writing. */
public enum Fence {
    /** A persistent reservation: the target itself refuses the others. */
    RESERVATION("reservation"),
    /** Nothing does. For targets without persistent reservations; every output says UNFENCED. */
    NONE("none");

    private final String text;

    Fence(String text) {
        this.text = text;
    }

    static Fence parse(String text) {
        for (Fence fence : values()) {
            if (fence.text.equals(text)) {
                return fence;
            }
        }
        throw new IllegalArgumentException("use \"reservation\" or \"none\"");
    }

    /** The word in the configuration. */
    @Override
    public String toString() {
        return text;
    }
}
