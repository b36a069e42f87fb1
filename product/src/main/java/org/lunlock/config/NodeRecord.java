// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.IscsiUrl;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;

/**
 * A node record of open-iscsi: one target at one portal, in lines such as {@code node.startup =
 * manual}. What concerns the kernel's initiator only is passed by.
 */
final class NodeRecord {
    private static final Pattern SETTING = Pattern.compile("([a-z][^\\s=]*)\\s*=\\s*(.*)");

    /** How iscsiadm shows what is not set. */
    private static final String EMPTY = "<empty>";

    /** How iscsiadm shows secrets when it was not told to show them. */
    private static final Pattern MASKED = Pattern.compile("\\*+");

    private static final String AUTH = "node.session.auth.";
    private static final Set<String> STARTUP_BY_ITSELF = Set.of("automatic", "onboot");

    private final int line;
    private final Map<String, String> values = new LinkedHashMap<>();

    /**
     * @param line of the file where it begins
     */
    NodeRecord(int line) {
        this.line = line;
    }

    int line() {
        return line;
    }

    /**
     * Takes one line of it.
     *
     * @throws IllegalArgumentException when it is none; the message does not quote it
     */
    void add(String text) {
        Matcher setting = SETTING.matcher(text);
        if (!setting.matches()) {
            throw new IllegalArgumentException(
                    "neither a setting of a node record nor an iSCSI URL");
        }
        String value = setting.group(2).strip();
        if (!value.isEmpty() && !value.equals(EMPTY)) {
            values.put(setting.group(1), value);
        }
    }

    /**
     * Its target's logical unit of this number.
     *
     * @throws IllegalArgumentException saying what is missing or wrong
     */
    ImportedVolume volume(Lun lun) {
        IscsiName target = IscsiName.of(needed("node.name"));
        Portal portal = new Portal(needed("node.conn[0].address"), port());
        IscsiUrl url = new IscsiUrl(portal, target, lun, null, null);
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("url", url.toString());
        List<String> remarks = new ArrayList<>();
        if ("CHAP".equalsIgnoreCase(values.get(AUTH + "authmethod"))) {
            addCredentials("chap", "", settings);
            addCredentials("mutual", "_in", settings);
        }
        addDigest("header-digest", "HeaderDigest", settings);
        addDigest("data-digest", "DataDigest", settings);
        addTimeouts(settings, remarks);
        if (STARTUP_BY_ITSELF.contains(values.getOrDefault("node.startup", ""))) {
            remarks.add(
                    "iscsid logs in to it whenever this machine starts: iscsiadm -m node -T %s -p %s"
                                    .formatted(target, portal)
                            + " -o update -n node.startup -v manual");
        }
        return new ImportedVolume(ImportedVolume.nameFor(target), url, settings, remarks);
    }

    private String needed(String key) {
        String value = values.get(key);
        if (value == null) {
            throw new IllegalArgumentException("a node record without " + key);
        }
        return value;
    }

    private int port() {
        String port = values.getOrDefault("node.conn[0].port", "" + Portal.DEFAULT_PORT);
        return Portal.parse("host:" + port).port();
    }

    private void addCredentials(String kind, String suffix, Map<String, Object> settings) {
        String user = values.get(AUTH + "username" + suffix);
        String secret = values.get(AUTH + "password" + suffix);
        if (secret != null && MASKED.matcher(secret).matches()) {
            throw new IllegalArgumentException(
                    "a node record whose secret is masked, as iscsiadm shows it without -S");
        }
        if (user != null && secret != null) {
            settings.put(kind + "-user", user);
            settings.put(kind + "-secret", secret);
        }
    }

    /** What is preferred comes first. RFC 7143 §13.1 (HeaderDigest and DataDigest). */
    private void addDigest(String key, String name, Map<String, Object> settings) {
        if (values.getOrDefault("node.conn[0].iscsi." + name, "").startsWith("CRC32C")) {
            settings.put(key, true);
        }
    }

    /** Those that are not what they are here without being set. */
    private void addTimeouts(Map<String, Object> settings, List<String> remarks) {
        values.forEach((name, value) -> {
            TimeoutKey key = TimeoutKey.named(name.substring(name.lastIndexOf('.') + 1));
            if (key == null) {
                return;
            }
            Duration span = seconds(value);
            if (span == null || !key.takes(span)) {
                remarks.add("%s = %s is not taken over".formatted(name, value));
            } else if (!span.equals(key.standard())) {
                settings.put(key.toString(), Durations.print(span));
            }
        });
    }

    private static @Nullable Duration seconds(String text) {
        try {
            return Duration.ofSeconds(Integer.parseInt(text));
        } catch (NumberFormatException e) {
            return null;
        }
    }
}
