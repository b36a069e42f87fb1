// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.IscsiUrl;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;
import org.tomlj.TomlTable;

/**
 * What lunlock.toml says: {@code [initiator]} and one {@code [volume.NAME]} for each volume.
 *
 * <p>Keys that are also options of {@code volume add} are spelled like them ({@code
 * chap-secret-file}); the time-outs are spelled as in iscsid.conf ({@code login_timeout}).
 *
 * @param volumes by name, in the order of the file
 */
public record Configuration(InitiatorConfig initiator, Map<String, VolumeConfig> volumes) {
    /** Thousands of volumes; a larger file is another file. */
    static final int FILE_BYTES_MAX = 1 << 20;

    private static final String NAME_RULE =
            "use at most 63 letters, digits, dots, dashes and underscores";

    public Configuration {
        volumes = Collections.unmodifiableMap(new LinkedHashMap<>(volumes));
    }

    /**
     * Reads the file; one that does not exist is empty.
     *
     * @throws LunlockException (CONFIGURATION) naming every error with its line and column, or why
     *     the file cannot be trusted: not ours, open to others, no UTF-8
     */
    public static Configuration load(Path file) throws LunlockException {
        return parse(readText(file), file);
    }

    /** The file's text, empty when there is none. */
    static String readText(Path file) throws LunlockException {
        PrivateFile configuration = new PrivateFile("the configuration", file);
        try {
            byte[] content = configuration.read(FILE_BYTES_MAX);
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString();
        } catch (NoSuchFileException e) {
            return "";
        } catch (CharacterCodingException e) {
            throw configuration.wrong("is not UTF-8", "save it as UTF-8");
        }
    }

    /**
     * @param file whose text it is: named in errors, and where relative paths begin
     */
    static Configuration parse(String text, Path file) throws LunlockException {
        TomlParseResult toml = Toml.parse(text);
        Problems problems = new Problems();
        if (toml.hasErrors()) {
            for (TomlParseError error : toml.errors()) {
                problems.add(
                        error.position(), withoutQuotes(error.getMessage()), "correct the TOML");
            }
        }
        problems.throwIfAny(ExitCode.CONFIGURATION, file.toString());
        Configuration configuration = read(toml, file, problems);
        problems.throwIfAny(ExitCode.CONFIGURATION, file.toString());
        return configuration;
    }

    private static Configuration read(TomlTable toml, Path file, Problems problems) {
        TableReader top = new TableReader("", toml, null, problems);
        TableReader table = top.table("initiator");
        InitiatorConfig initiator =
                table == null
                        ? InitiatorConfig.DEFAULT
                        : InitiatorConfig.read(table, directory(file));
        TableReader named = top.table("volume");
        Map<String, VolumeConfig> volumes =
                named == null ? Map.of() : readVolumes(named, initiator, directory(file));
        top.rejectUnknown();
        return new Configuration(initiator, volumes);
    }

    private static Map<String, VolumeConfig> readVolumes(
            TableReader named, InitiatorConfig initiator, Path directory) {
        Map<String, VolumeConfig> volumes = new LinkedHashMap<>();
        for (String name : named.keys()) {
            TableReader table = named.table(name);
            if (table != null && isNew(name, named, volumes)) {
                VolumeConfig volume = new VolumeReader(name, table, initiator, directory).read();
                if (volume != null) {
                    volumes.put(name, volume);
                }
            }
        }
        return volumes;
    }

    /**
     * Reads the settings of one volume that is in no file yet.
     *
     * @throws LunlockException (DATA) naming every setting that is wrong
     */
    static void check(String name, TomlTable settings, InitiatorConfig initiator, Path file)
            throws LunlockException {
        Problems problems = new Problems();
        if (!VolumeReader.isName(name)) {
            problems.add(null, "this cannot be a volume's name", NAME_RULE);
        }
        TableReader table = new TableReader("", settings, null, problems);
        new VolumeReader(name, table, initiator, directory(file)).read();
        problems.throwIfAny(ExitCode.DATA, Problems.printable("volume " + name));
    }

    private static Path directory(Path file) {
        return Objects.requireNonNull(file.toAbsolutePath().getParent());
    }

    private static boolean isNew(
            String name, TableReader named, Map<String, VolumeConfig> volumes) {
        if (!VolumeReader.isName(name)) {
            named.problem(name, "'" + name + "' cannot be a volume's name", NAME_RULE);
            return false;
        }
        for (String other : volumes.keySet()) {
            if (other.equalsIgnoreCase(name)) {
                named.problem(
                        name,
                        "'%s' and '%s' differ only in case".formatted(name, other),
                        "rename one");
                return false;
            }
        }
        return true;
    }

    /** What the parser quotes may be a piece of a secret. */
    private static String withoutQuotes(@Nullable String message) {
        return String.valueOf(message)
                .replaceFirst("^Unexpected '.*', expected", "Expected")
                .replaceFirst("^Invalid escape sequence '.*'", "Invalid escape sequence");
    }

    /**
     * The volume of this name.
     *
     * @throws LunlockException (DATA) when there is none, with the nearest name
     */
    public VolumeConfig volume(String name) throws LunlockException {
        VolumeConfig volume = volumes.get(name);
        if (volume == null) {
            throw unknown(name);
        }
        return volume;
    }

    private LunlockException unknown(String name) {
        String next =
                Suggest.nearest(name, volumes.keySet())
                        .map(near -> "did you mean '" + near + "'?")
                        .orElse("see 'lunlock volume list' and 'lunlock volume add'");
        return new LunlockException(
                ExitCode.DATA, "unknown volume (%s): %s".formatted(Problems.printable(name), next));
    }

    /**
     * A volume by its name, or any logical unit by its URL.
     *
     * @throws LunlockException (DATA) when no volume has this name, or the URL is wrong
     */
    public VolumeConfig volumeOrUrl(String nameOrUrl) throws LunlockException {
        if (!nameOrUrl.contains("://")) {
            return volume(nameOrUrl);
        }
        try {
            return VolumeConfig.of(IscsiUrl.parse(nameOrUrl), initiator);
        } catch (IllegalArgumentException e) {
            throw new LunlockException(
                    ExitCode.DATA, "the URL cannot be used: " + e.getMessage(), e);
        }
    }
}
