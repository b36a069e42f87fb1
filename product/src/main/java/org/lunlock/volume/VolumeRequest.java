// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;

/**
 * What is to be acquired.
 *
 * @param mount whether the file system is mounted; if not, the volume is a device only
 * @param timeout for one step on the way, such as the login; not for waiting until the lock is free
 */
public record VolumeRequest(String volume, boolean readOnly, boolean mount, Duration timeout) {}
