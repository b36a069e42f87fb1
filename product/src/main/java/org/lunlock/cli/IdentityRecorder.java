// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Duration;
import java.util.List;
import org.lunlock.LunlockException;
import org.lunlock.config.ConfigEditor;
import org.lunlock.volume.Identity;

/** Writes down which logical unit a volume is, so that no other one is ever used for it. */
final class IdentityRecorder {
    /** For a login to a target that is there; one that is not keeps nobody for longer. */
    private static final Duration ASK_WITHIN = Duration.ofSeconds(5);

    private final Globals globals;
    private final ConfigEditor editor;

    IdentityRecorder(Globals globals, ConfigEditor editor) {
        this.globals = globals;
        this.editor = editor;
    }

    /** Warns when the target cannot be asked: it may be far away, and the volume is good anyway. */
    void record(String name) throws LunlockException {
        try {
            List<String> names = Identity.ask(globals.home(), name, ASK_WITHIN);
            if (names.isEmpty()) {
                warn(name, "the logical unit does not say any");
            } else {
                editor.set(name, "identity", names.getFirst());
            }
        } catch (LunlockException e) {
            warn(name, String.valueOf(e.getMessage()));
        }
    }

    private void warn(String name, String why) {
        Terminal.standardError(globals)
                .line(
                        "warning: no identity of %s is recorded, so another logical unit would be"
                                        .formatted(name)
                                + " taken for this one: "
                                + why);
    }
}
