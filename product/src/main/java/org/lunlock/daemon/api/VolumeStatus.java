// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A configured volume as this host sees it.
 *
 * @param url where it is, without its secret
 * @param since when the state began
 * @param mountPoint null unless mounted
 * @param device null unless attached
 * @param token the fencing token of this hold; null unless held
 * @param use what it is held for, or is being acquired for
 * @param waiting who on this host comes next, first one first
 * @param holder another host that has it, as far as this host looked
 * @param problem what went wrong last and was not cleared yet
 */
public record VolumeStatus(
        String volume,
        String url,
        VolumeState state,
        Instant since,
        boolean readOnly,
        @Nullable String mountPoint,
        @Nullable String device,
        @Nullable Long token,
        @Nullable Use use,
        @Nullable LeaseStatus lease,
        @Nullable Counters counters,
        List<Use> waiting,
        @Nullable Holder holder,
        @Nullable String problem) {

    /** This status with what its target said. */
    public VolumeStatus with(@Nullable Holder other, @Nullable String trouble) {
        return new VolumeStatus(
                volume,
                url,
                state,
                since,
                readOnly,
                mountPoint,
                device,
                token,
                use,
                lease,
                counters,
                waiting,
                other,
                trouble);
    }
}
