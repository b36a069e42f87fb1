// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.Check;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;

/**
 * What makes this host the same host after a reboot: its name, its id, the ISID of each of its
 * sessions and the reservation keys it registered. Each is in a file of its own, made once.
 *
 * <p>A file that is damaged is reported and never made anew: with another ISID this host could not
 * give its own reservation back. All methods may be called from any thread and wait for the disk.
 * They throw LunlockException (CONFIGURATION) for a damaged file and (IO) for a disk that refuses.
 */
public final class HostState {
    private static final String NAMING_AUTHORITY = "iqn.2026-11.org.lunlock:";
    private static final int HOST_ID_MAX = 0xffff;

    /** File names have at most 255 bytes, and kind and digest take some. */
    private static final int READABLE_MAX = 120;

    private static final int DIGEST_BYTES = 8;

    /** A target chooses its identity; what is longer is told apart by its digest. */
    private static final int ID_MAX = 1000;

    private final Path directory;
    private final String hostname;
    private final SecureRandom random = new SecureRandom();

    /** The state in this directory, of a host with this name. */
    HostState(Path directory, String hostname) {
        this.directory = directory;
        this.hostname = hostname;
    }

    /** The state of a home. Reads nothing yet. */
    public static HostState of(Home home) {
        return new HostState(home.stateDirectory(), Hostname.local());
    }

    /** What this machine calls itself; for people. */
    public String hostname() {
        return hostname;
    }

    /** The name this host was given when it was first asked for one. */
    public IscsiName initiatorName() throws LunlockException {
        return remembered(
                "initiator-name",
                new LinkedHashMap<>(),
                () ->
                        NAMING_AUTHORITY
                                + Hostname.label(hostname)
                                + "-"
                                + HexFormat.of().toHexDigits(random.nextInt()),
                IscsiName::new);
    }

    /** 1..65535; tells the keys of this host from those of others. */
    public int hostId() throws LunlockException {
        return remembered(
                "host-id",
                new LinkedHashMap<>(),
                () -> HexFormat.of().toHexDigits((short) random.nextInt(1, HOST_ID_MAX + 1)),
                HexFormat::fromHexDigits);
    }

    /**
     * The ISID of every session with one target portal group. RFC 7143 §11.12.5 (ISID).
     *
     * @param portalGroup its tag or, where that is not known, its portal; must stay the same
     */
    public Isid isid(IscsiName target, String portalGroup) throws LunlockException {
        SequencedMap<String, String> about = new LinkedHashMap<>();
        about.put("target", target.value());
        about.put("portal-group", Problems.printable(portalGroup));
        return remembered("isid", about, () -> Isid.random(random).toString(), Isid::parse);
    }

    /**
     * The reservation keys that were stored last for a logical unit, or an empty array.
     *
     * @param id tells the logical unit from all others, e.g. its VPD page 83h identity
     */
    public long[] loadKeys(String id) throws LunlockException {
        SequencedMap<String, String> about = aboutKeys(id);
        StateFile file = file("keys", about);
        Optional<SequencedMap<String, String>> found = file.read();
        if (found.isEmpty()) {
            return new long[0];
        }
        try {
            String[] digits = value(found.get(), "keys", about, file).split(" ", -1);
            return Arrays.stream(digits).mapToLong(HexFormat::fromHexDigitsToLong).toArray();
        } catch (IllegalArgumentException e) {
            throw file.damaged();
        }
    }

    /** Replaces the keys of a logical unit; they are on stable storage when this returns. */
    public void storeKeys(String id, long... keys) throws LunlockException {
        Check.that(keys.length > 0, "keys to store");
        SequencedMap<String, String> values = aboutKeys(id);
        StateFile file = file("keys", values);
        String digits =
                Arrays.stream(keys)
                        .mapToObj(HexFormat.of()::toHexDigits)
                        .collect(Collectors.joining(" "));
        values.put("keys", digits);
        Home.makeDirectory(directory);
        file.write(values);
    }

    private static SequencedMap<String, String> aboutKeys(String id) {
        boolean tooLong = id.length() > ID_MAX;
        SequencedMap<String, String> about = new LinkedHashMap<>();
        about.put(
                "logical-unit",
                Problems.printable(tooLong ? id.substring(0, ID_MAX) + digest(id) : id));
        return about;
    }

    /**
     * The value that was stored, or a new one that is stored first.
     *
     * @param kind the value's name and the beginning of the file's
     * @param about what the value belongs to; the other values in the file
     */
    private <T> T remembered(
            String kind,
            SequencedMap<String, String> about,
            Supplier<String> fresh,
            Function<String, T> parse)
            throws LunlockException {
        StateFile file = file(kind, about);
        Optional<SequencedMap<String, String>> found = file.read();
        if (found.isEmpty()) {
            found = Optional.of(makeOnce(file, kind, about, fresh));
        }
        try {
            return parse.apply(value(found.get(), kind, about, file));
        } catch (IllegalArgumentException e) {
            throw file.damaged();
        }
    }

    private SequencedMap<String, String> makeOnce(
            StateFile file, String kind, SequencedMap<String, String> about, Supplier<String> fresh)
            throws LunlockException {
        Home.makeDirectory(directory);
        try (var _ = ExclusiveLock.acquire(directory.resolve("state.lock"))) {
            Optional<SequencedMap<String, String>> found = file.read();
            if (found.isPresent()) {
                return found.get(); // another process was first
            }
            SequencedMap<String, String> values = new LinkedHashMap<>(about);
            values.put(kind, fresh.get());
            file.write(values);
            return values;
        }
    }

    /** The value, if the file holds it and what it belongs to and nothing else. */
    private static String value(
            SequencedMap<String, String> found,
            String kind,
            SequencedMap<String, String> about,
            StateFile file)
            throws LunlockException {
        SequencedMap<String, String> rest = new LinkedHashMap<>(found);
        String value = rest.remove(kind);
        if (value == null || !rest.equals(about)) {
            throw file.damaged();
        }
        return value;
    }

    /** One file for each thing a value can belong to: readable, and never the same for two. */
    private StateFile file(String kind, SequencedMap<String, String> about) {
        if (about.isEmpty()) {
            return new StateFile(directory.resolve(kind));
        }
        String name = String.join("\n", about.values());
        String readable = name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.-]+", "_");
        String shown = readable.substring(0, Math.min(readable.length(), READABLE_MAX));
        return new StateFile(directory.resolve(kind + "-" + shown + "-" + digest(name)));
    }

    private static String digest(String text) {
        try {
            MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
            byte[] hash = sha256.digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash, 0, DIGEST_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
