// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.daemon.api.Asker;
import org.lunlock.daemon.api.Choice;
import org.lunlock.daemon.api.ExportSpec;

/**
 * What is to be acquired.
 *
 * @param bare whether only the lock of that name at the lock server is wanted, and no volume
 * @param readOnly to read it, together with other hosts that do; nothing can be written then
 * @param mount whether the file system is mounted; if not, the volume is a device only
 * @param export for whom it is offered instead of becoming a device of this machine
 * @param choice what is said in the place of the configuration
 * @param timeout for one step on the way, such as the login; not for waiting until the lock is free
 * @param asker for the lock server's page
 */
public record VolumeRequest(
        String volume,
        boolean bare,
        boolean readOnly,
        boolean mount,
        @Nullable ExportSpec export,
        Choice choice,
        Duration timeout,
        Asker asker) {}
