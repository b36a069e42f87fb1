// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * macOS as far as its tools show it: what is mounted and attached, and what they say about it. The
 * property lists and sentences are those of hdiutil, diskutil, mount and lsof.
 */
final class FakeMac implements Exec {
    private static final List<String> TOOLS =
            List.of("mount_nfs", "mount", "umount", "hdiutil", "diskutil", "lsof", "caffeinate");

    /** What was run: the program's name without its directory, then the arguments. */
    final List<String> commands = new ArrayList<>();

    /** What is there now, besides what belongs to others. */
    final Set<String> there = new TreeSet<>();

    /** What hdiutil finds on the image. */
    String attached = "attach-hfs";

    /** How often the volume is still in use, and what diskutil says then. */
    int busy;

    String refusal =
            "Volume Backup on disk4s2 failed to unmount: dissented by PID 88"
                    + " (/System/Library/Frameworks/CoreServices.framework/Support/mds_stores)\n"
                    + "Dissenter parent PPID 1 (/sbin/launchd)\n";

    /** What lsof finds. */
    String openFiles = "";

    /** How long all commands together were given. */
    Duration given = Duration.ZERO;

    /** Whether no command does anything, or ends. */
    boolean stuck;

    /** How the volume is mounted. */
    String mountedAs = "hfs, local, nodev, nosuid, journaled, noowners";

    private final Path bin;
    private final Map<String, ExecResult> failures = new LinkedHashMap<>();
    private final Set<String> hanging = new TreeSet<>();
    private String nfsSource = "";
    private String nfsDirectory = "";
    private String file = "";
    private @Nullable String mountPoint;

    /** The tools are files in a directory of their own. */
    FakeMac(Path bin) throws IOException {
        this.bin = bin;
        Files.createDirectories(bin);
        for (String tool : TOOLS) {
            Files.createFile(
                    bin.resolve(tool),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
        }
    }

    Tools tools() {
        return new Tools(this, List.of(bin));
    }

    FakeMac without(String tool) throws IOException {
        Files.delete(bin.resolve(tool));
        return this;
    }

    /** A command that begins like this does nothing, and complains. */
    FakeMac fails(String beginning, String complaint) {
        failures.put(beginning, new ExecResult(1, "", complaint, false));
        return this;
    }

    /** A command that begins like this does what it should, and does not end in time. */
    FakeMac hangs(String beginning) {
        hanging.add(beginning);
        return this;
    }

    /** Everything works again. */
    void heal() {
        failures.clear();
        hanging.clear();
        stuck = false;
    }

    /** As a daemon leaves it that was killed. */
    void leave(Path nfs, Path volume) {
        there.addAll(List.of("nfs", "disk", "volume"));
        nfsSource = "127.0.0.1:/00112233445566778899aabbccddeeff";
        nfsDirectory = nfs.toString();
        file = nfs + "/disk";
        mountPoint = volume.toString();
    }

    @Override
    public ExecResult run(List<String> argv, Duration timeout) {
        String command = named(argv);
        commands.add(command);
        given = given.plus(timeout);
        if (stuck) {
            return new ExecResult(-1, "", "", true);
        }
        for (Map.Entry<String, ExecResult> failure : failures.entrySet()) {
            if (command.startsWith(failure.getKey())) {
                return failure.getValue();
            }
        }
        ExecResult result = answer(argv.subList(1, argv.size()), command.split(" ", 2)[0]);
        boolean hangs = hanging.stream().anyMatch(command::startsWith);
        return hangs ? new ExecResult(-1, "", "", true) : result;
    }

    @Override
    public Running start(List<String> argv) {
        commands.add(named(argv));
        there.add("caffeinate");
        return () -> there.remove("caffeinate");
    }

    private static String named(List<String> argv) {
        List<String> words = new ArrayList<>(argv);
        words.set(0, String.valueOf(Path.of(argv.getFirst()).getFileName()));
        return String.join(" ", words);
    }

    private ExecResult answer(List<String> arguments, String tool) {
        return switch (tool) {
            case "mount_nfs" -> {
                there.add("nfs");
                nfsSource = arguments.get(2);
                nfsDirectory = arguments.get(3);
                yield said("");
            }
            case "mount" -> said(mounts());
            case "umount" -> umount(arguments.getLast());
            case "hdiutil" -> hdiutil(arguments);
            case "diskutil" -> diskutil(arguments);
            case "lsof" -> new ExecResult(openFiles.isEmpty() ? 1 : 0, openFiles, "", false);
            default -> throw new IllegalStateException("no such tool: " + tool);
        };
    }

    private String mounts() {
        String table =
                """
                /dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
                devfs on /dev (devfs, local, nobrowse)
                map auto_home on /System/Volumes/Data/home (autofs, automounted)
                /dev/disk9s1 on /Volumes/Anything (hfs, local, nodev, nosuid)
                """;
        if (there.contains("nfs")) {
            table += nfsSource + " on " + nfsDirectory + " (nfs, nodev, nosuid, nobrowse)\n";
        }
        if (there.contains("volume")) {
            table += "/dev/disk4s2 on " + mountPoint + " (" + mountedAs + ")\n";
        }
        return table;
    }

    private ExecResult umount(String directory) {
        if (directory.equals(mountPoint)) {
            there.remove("volume");
            return said("");
        }
        if (!directory.equals(nfsDirectory) || !there.contains("nfs")) {
            return complained("umount: " + directory + ": not currently mounted\n");
        }
        if (there.contains("disk")) {
            return complained(
                    "umount(" + directory + "): Resource busy -- try 'diskutil unmount'\n");
        }
        there.remove("nfs");
        return said("");
    }

    private ExecResult hdiutil(List<String> arguments) {
        return switch (arguments.getFirst()) {
            case "attach" -> {
                there.add("disk");
                file = arguments.getLast();
                yield said(resource(attached + ".plist"));
            }
            case "detach" -> detach("hdiutil: couldn't eject \"disk4\" - Resource busy\n");
            case "info" -> said(info());
            default -> throw new IllegalStateException("hdiutil " + arguments);
        };
    }

    private ExecResult detach(String refused) {
        if (!there.contains("disk")) {
            return complained("hdiutil: detach failed - No such file or directory\n");
        }
        boolean forced = commands.getLast().endsWith("-force");
        if (there.contains("volume") && !forced || !forced && busy-- > 0) {
            return complained(refused);
        }
        there.removeAll(List.of("disk", "volume"));
        return said("\"disk4\" ejected.\n");
    }

    private String info() {
        String ours =
                there.contains("disk")
                        ? resource("info-image.plist")
                                .replace("{file}", file)
                                .replace("{point}", String.valueOf(mountPoint))
                        : "";
        return resource("info.plist").replace("{ours}", ours);
    }

    private ExecResult diskutil(List<String> arguments) {
        return switch (arguments.getFirst()) {
            case "mount" -> {
                mountPoint = arguments.get(arguments.indexOf("-mountPoint") + 1);
                there.add("volume");
                yield said("Volume Backup on " + arguments.getLast() + " mounted\n");
            }
            case "unmount" -> {
                if (!arguments.contains("force") && busy-- > 0) {
                    yield complained(refusal);
                }
                there.remove("volume");
                yield said("Volume Backup on disk4s2 unmounted\n");
            }
            case "image" -> {
                there.add("disk");
                yield said(resource("image-attach.txt"));
            }
            case "eject" -> detach("Disk /dev/disk4 failed to eject\n");
            default -> throw new IllegalStateException("diskutil " + arguments);
        };
    }

    private static ExecResult said(String out) {
        return new ExecResult(0, out, "", false);
    }

    private static ExecResult complained(String err) {
        return new ExecResult(1, "", err, false);
    }

    static String resource(String name) {
        try (InputStream in = FakeMac.class.getResourceAsStream("mac/" + name)) {
            if (in == null) {
                throw new IllegalStateException("no resource " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
