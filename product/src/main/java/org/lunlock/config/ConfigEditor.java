// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.Check;
import org.tomlj.MutableTomlTable;
import org.tomlj.Toml;
import org.tomlj.TomlParseResult;

/**
 * Changes one entry of lunlock.toml and leaves every other byte as it is, comments too. A comment
 * directly above a table belongs to it and goes with it; blank lines at the end stay at the end.
 *
 * <p>The file is replaced as a whole, after the new text has been read like any configuration; one
 * that is wrong already is not changed. Edits of several processes come one after the other.
 */
public final class ConfigEditor {
    private static final String VOLUME = "volume";

    private final Path file;
    private final Path lockFile;

    /** What is done to the parsed file. */
    private interface Change {
        void apply(MutableTomlTable toml, Configuration before) throws LunlockException;
    }

    public ConfigEditor(Home home) {
        this.file = home.configFile();
        this.lockFile = home.stateDirectory().resolve("edit.lock");
    }

    /**
     * Adds {@code [volume.NAME]} at the end of the file.
     *
     * @param settings by their names in the configuration, in the order to be written: strings,
     *     whole numbers, booleans and lists of strings
     * @throws LunlockException (DATA) when the name is taken or a setting is wrong, (CONFIGURATION)
     *     when the file is wrong already or another process keeps it, (IO) when it cannot be
     *     written; then the file is as it was
     */
    public void add(String name, Map<String, ?> settings) throws LunlockException {
        edit(
                name,
                (toml, before) -> {
                    if (before.volumes().containsKey(name)) {
                        throw new LunlockException(
                                ExitCode.DATA,
                                "volume '%s' exists already (%s): remove it or choose another name"
                                        .formatted(name, file));
                    }
                    MutableTomlTable table = MutableTomlTable.create();
                    settings.forEach((key, value) -> table.set(List.of(key), value));
                    Configuration.check(name, table, before.initiator(), file);
                    toml.set(List.of(VOLUME, name), table);
                });
    }

    /**
     * Removes {@code [volume.NAME]}.
     *
     * @throws LunlockException (DATA) when there is none, else as {@link #add} does
     */
    public void remove(String name) throws LunlockException {
        edit(
                name,
                (toml, before) -> {
                    before.volume(name);
                    toml.remove(List.of(VOLUME, name));
                    boolean empty = toml.getTable(List.of(VOLUME)).elements().isEmpty();
                    if (empty && toml.comments(List.of(VOLUME)).isEmpty()) {
                        toml.remove(List.of(VOLUME)); // else an empty [volume] would be written
                    }
                });
    }

    /**
     * Sets one key of {@code [volume.NAME]}, e.g. the identity of its logical unit.
     *
     * @throws LunlockException (DATA) when there is no such volume, else as {@link #add} does
     */
    public void set(String name, String key, Object value) throws LunlockException {
        edit(
                name,
                (toml, before) -> {
                    before.volume(name);
                    toml.set(List.of(VOLUME, name, key), value);
                });
    }

    private void edit(String name, Change change) throws LunlockException {
        Home.makeDirectory(Objects.requireNonNull(file.getParent()));
        Home.makeDirectory(Objects.requireNonNull(lockFile.getParent()));
        try (var _ = ExclusiveLock.acquire(lockFile)) {
            String text = Configuration.readText(file);
            Configuration before = Configuration.parse(text, file);
            TomlParseResult toml = Toml.parse(text);
            try {
                change.apply(toml, before);
            } catch (IllegalArgumentException e) {
                throw new LunlockException(
                        ExitCode.DATA,
                        "volume '%s' cannot be written as TOML (%s): %s"
                                .formatted(name, file, e.getMessage()),
                        e);
            }
            String edited = toml.toToml();
            Configuration after = Configuration.parse(edited, file);
            Check.that(without(name, before).equals(without(name, after)), "an edit is of " + name);
            new PrivateFile("the configuration", file)
                    .write(edited.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static Configuration without(String name, Configuration configuration) {
        Map<String, VolumeConfig> others = new LinkedHashMap<>(configuration.volumes());
        others.remove(name);
        return new Configuration(configuration.initiator(), others);
    }
}
