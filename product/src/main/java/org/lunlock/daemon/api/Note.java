// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;

/** What the asker of a {@link Request.Run} says about its command. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
public sealed interface Note extends Document {

    /** The command runs; the daemon ends this process group when the asker disappears. */
    @JsonTypeName("started")
    record Started(long processGroup) implements Note {}

    /** The command does not run (any more): the volume is not needed. */
    @JsonTypeName("ended")
    record Ended(int exitStatus) implements Note {}
}
