// SPDX-License-Identifier: Apache-2.0
package org.lunlock.volume;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a host or a target can do, or not.
 *
 * @param detail what was found
 * @param remedy what to do about it; null when it is OK
 */
public record Finding(String what, Verdict verdict, String detail, @Nullable String remedy) {

    /** How it stands. */
    public enum Verdict {
        OK,
        /** It works, with less. */
        DEGRADED,
        /** It does not work without. */
        MISSING;

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    static Finding ok(String what, String detail) {
        return new Finding(what, Verdict.OK, detail, null);
    }

    static Finding degraded(String what, String detail, String remedy) {
        return new Finding(what, Verdict.DEGRADED, detail, remedy);
    }

    static Finding missing(String what, String detail, String remedy) {
        return new Finding(what, Verdict.MISSING, detail, remedy);
    }

    /** For {@code --json}. */
    public Map<String, String> describe() {
        Map<String, String> entries = new LinkedHashMap<>();
        entries.put("what", what);
        entries.put("verdict", verdict.toString());
        entries.put("detail", detail);
        if (remedy != null) {
            entries.put("remedy", remedy);
        }
        return entries;
    }
}
