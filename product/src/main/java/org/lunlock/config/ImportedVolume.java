// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.IscsiUrl;

/**
 * A volume as another initiator knows it.
 *
 * @param name what it may be called: the end of its target's name
 * @param url where it is
 * @param settings for {@link ConfigEditor#add}
 * @param remarks what its user has to do, or does not get; one line each
 */
public record ImportedVolume(
        String name, IscsiUrl url, Map<String, Object> settings, List<String> remarks) {
    /** Leaves room for a number behind it. */
    private static final int NAME_LENGTH_MAX = 56;

    public ImportedVolume {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
        remarks = List.copyOf(remarks);
    }

    /**
     * @param text the URL with the secret that it may hold
     */
    static ImportedVolume of(IscsiUrl url, String text) {
        return new ImportedVolume(nameFor(url.target()), url, Map.of("url", text), List.of());
    }

    static String nameFor(IscsiName target) {
        String all = target.toString();
        String name =
                all.substring(all.lastIndexOf(':') + 1)
                        .replaceAll("[^A-Za-z0-9._-]", "-")
                        .replaceFirst("^[._-]+", "");
        return name.isEmpty()
                ? "volume"
                : name.substring(0, Math.min(name.length(), NAME_LENGTH_MAX));
    }
}
