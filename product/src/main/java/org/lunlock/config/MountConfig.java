// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a volume is mounted.
 *
 * @param point absolute; null for the home's own place
 * @param options as after {@code mount -o}; may be empty
 * @param fileSystem as after {@code mount -t}; null when the system finds out
 * @param fsck whether it is looked over before
 */
public record MountConfig(
        @Nullable Path point, String options, @Nullable String fileSystem, Fsck fsck) {}
