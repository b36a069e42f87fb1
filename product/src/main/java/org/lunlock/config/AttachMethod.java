// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

/** How a volume becomes a device of this machine. */
public enum AttachMethod {
    /** By FUSE where this machine has it, else by NBD. */
    AUTO("auto"),
    /** A file of FUSE and a loop device. */
    FUSE("fuse"),
    /** The kernel's NBD client. */
    NBD("nbd");

    private final String text;

    AttachMethod(String text) {
        this.text = text;
    }

    static AttachMethod parse(String text) {
        for (AttachMethod method : values()) {
            if (method.text.equals(text)) {
                return method;
            }
        }
        throw new IllegalArgumentException("use \"auto\", \"fuse\" or \"nbd\"");
    }

    /** The word in the configuration. */
    @Override
    public String toString() {
        return text;
    }
}
