// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import org.jspecify.annotations.Nullable;

/**
 * What the command line says about a volume in the place of the configuration.
 *
 * @param partition 0 for the whole logical unit; null as configured
 * @param fsck whether the file system is looked over before it is mounted; null as configured
 */
public record Choice(@Nullable Integer partition, @Nullable Boolean fsck) {

    /** Nothing is said. */
    public static final Choice NONE = new Choice(null, null);
}
