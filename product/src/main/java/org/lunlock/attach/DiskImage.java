// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/**
 * A file as a disk of macOS: {@code /dev/diskN}, and what macOS finds on it.
 *
 * @param file the path of the image, as macOS has it
 * @param device the whole disk
 * @param entities the whole disk, its partitions, and the volumes of the containers in them
 */
record DiskImage(Path file, Path device, List<Entity> entities) {
    /** macOS reads partition tables and file systems before it answers, over a network. */
    private static final Duration ATTACH_TIMEOUT = Duration.ofSeconds(90);

    private static final Duration INFO_TIMEOUT = Duration.ofSeconds(8);

    /** Writing back what is cached for the device may take as long as a network does. */
    private static final Duration DETACH_TIMEOUT = Duration.ofMinutes(10);

    private static final Duration FORCE_TIMEOUT = Duration.ofSeconds(8);
    private static final Duration TRY_AGAIN = Duration.ofMillis(500);

    private static final Pattern WHOLE_DISK = Pattern.compile("/dev/disk([0-9]{1,6})");
    private static final Pattern ANY_DISK = Pattern.compile("/dev/disk[0-9]{1,6}(?:s[0-9]{1,6})*");

    /**
     * One part.
     *
     * @param content the type that a partition table or the system gives it; may be empty
     * @param mountable whether macOS says so; null when the tool does not tell
     * @param mountPoint null when it is not mounted
     */
    record Entity(
            Path device, String content, @Nullable Boolean mountable, @Nullable Path mountPoint) {
        /** What is no volume of its user's, whatever a tool says: an EFI system partition, say. */
        private static final Pattern NO_VOLUME =
                Pattern.compile(
                        ".*_scheme|Apple_partition_map|Apple_Free|Apple_Boot|Apple_APFS"
                                + "|Apple_APFS_(?:Container|ISC|Recovery)|EF57347C-.*|EFI"
                                + "|C12A7328-F81F-11D2-BA4B-00A0C93EC93B|Microsoft Reserved");

        boolean isVolume() {
            return !NO_VOLUME.matcher(content).matches() && !Boolean.FALSE.equals(mountable);
        }

        boolean isContainer() {
            return content.startsWith("EF57347C-") || content.equals("Apple_APFS_Container");
        }

        @Override
        public String toString() {
            return content.isEmpty() ? device.toString() : device + " " + content;
        }
    }

    /**
     * Attaches a raw image, without mounting what is on it.
     *
     * @param patience how long to try again while the system says that it is busy
     */
    static DiskImage attach(Tools tools, Path file, boolean readOnly, Duration patience)
            throws LunlockException {
        Deadline deadline = Deadline.in(patience);
        ExecResult result = attachOnce(tools, file, readOnly);
        while (!result.ok() && isTransient(result) && !deadline.passed()) {
            deadline.pause(TRY_AGAIN);
            result = attachOnce(tools, file, readOnly);
        }
        if (!result.ok()) {
            throw new LunlockException(
                    ExitCode.IO,
                    "macOS does not attach %s as a disk (%s)%s"
                            .formatted(file, said(result), MacPrivacy.hint(result)));
        }
        List<Entity> entities = entities(tools, result);
        return new DiskImage(
                file,
                wholeDisk(entities)
                        .orElseThrow(() ->
                                new LunlockException(
                                        ExitCode.IO,
                                        "macOS attached %s and named no disk: %s"
                                                .formatted(file, entities))),
                entities);
    }

    private static ExecResult attachOnce(Tools tools, Path file, boolean readOnly)
            throws LunlockException {
        List<String> arguments = new ArrayList<>();
        if (hasHdiutil(tools)) {
            arguments.addAll(List.of("attach", "-nomount", "-plist", "-noverify", "-noautofsck"));
            arguments.addAll(List.of("-imagekey", "diskimage-class=CRawDiskImage"));
            if (readOnly) {
                arguments.add("-readonly");
            }
            arguments.add(file.toString());
            return tools.run(ATTACH_TIMEOUT, "hdiutil", arguments.toArray(String[]::new));
        }
        arguments.addAll(List.of("image", "attach", "--noMount"));
        if (readOnly) {
            arguments.add("--readOnly");
        }
        arguments.add(file.toString());
        return tools.run(ATTACH_TIMEOUT, "diskutil", arguments.toArray(String[]::new));
    }

    /** A macOS that has it no more has {@code diskutil image} instead. */
    static boolean hasHdiutil(Tools tools) {
        return tools.has("hdiutil");
    }

    private static boolean isTransient(ExecResult result) {
        return !result.timedOut() && result.err().contains("Resource temporarily unavailable");
    }

    private static List<Entity> entities(Tools tools, ExecResult attached) throws LunlockException {
        if (!hasHdiutil(tools)) {
            return listed(attached.out());
        }
        try {
            return entities(PropertyList.parse(attached.out()));
        } catch (PropertyList.Malformed e) {
            throw new LunlockException(
                    ExitCode.IO, "hdiutil attach printed what is not known: " + e.getMessage(), e);
        }
    }

    static List<Entity> entities(PropertyList image) {
        List<Entity> entities = new ArrayList<>();
        for (PropertyList entity : image.dictionaries("system-entities")) {
            String device = entity.text("dev-entry");
            String content = entity.text("content-hint");
            String mountPoint = entity.text("mount-point");
            if (device != null && ANY_DISK.matcher(device).matches()) {
                entities.add(
                        new Entity(
                                Path.of(device),
                                content == null ? "" : content,
                                entity.has("potentially-mountable")
                                        ? entity.isTrue("potentially-mountable")
                                        : null,
                                mountPoint == null ? null : Path.of(mountPoint)));
            }
        }
        return entities;
    }

    /** Lines of device, blanks and tab, content: {@code /dev/disk4s1 Apple_HFS}. */
    static List<Entity> listed(String printed) {
        List<Entity> entities = new ArrayList<>();
        for (String line : printed.split("\n", -1)) {
            String[] fields = line.strip().split("\\s+", 2);
            if (ANY_DISK.matcher(fields[0]).matches()) {
                String content = fields.length == 1 ? "" : fields[1].split("\t", 2)[0].strip();
                entities.add(new Entity(Path.of(fields[0]), content, null, null));
            }
        }
        return entities;
    }

    /**
     * The disk that is the image itself. A container of APFS in it becomes a disk of its own, with
     * a number that may be higher or lower.
     */
    static Optional<Path> wholeDisk(List<Entity> entities) {
        return entities.stream()
                .filter(entity -> number(entity.device()) >= 0)
                .min(
                        Comparator.comparing(Entity::isContainer)
                                .thenComparingInt(entity -> number(entity.device())))
                .map(Entity::device);
    }

    private static int number(Path device) {
        Matcher whole = WHOLE_DISK.matcher(device.toString());
        return whole.matches() ? Integer.parseInt(whole.group(1)) : -1;
    }

    /**
     * The one volume on it.
     *
     * @throws LunlockException when there is none, or more than one
     */
    Entity volume(String name) throws LunlockException {
        List<Entity> volumes = entities.stream().filter(Entity::isVolume).toList();
        if (volumes.size() == 1) {
            return volumes.getFirst();
        }
        String attach = "lunlock attach %s gives the disk to diskutil and others".formatted(name);
        throw new LunlockException(
                ExitCode.DATA,
                volumes.isEmpty()
                        ? "%s holds no volume that macOS can mount %s: %s"
                                .formatted(name, entities, attach)
                        : "%s holds more than one volume %s: %s".formatted(name, volumes, attach));
    }

    /**
     * All images of the machine whose file lies below a directory; none when there is no hdiutil.
     */
    static List<DiskImage> below(Tools tools, Path directory) throws LunlockException {
        if (!hasHdiutil(tools)) {
            return List.of();
        }
        ExecResult result = tools.run(INFO_TIMEOUT, "hdiutil", "info", "-plist");
        if (!result.ok()) {
            throw new LunlockException(
                    ExitCode.IO, "attached images cannot be listed: " + said(result));
        }
        try {
            List<DiskImage> found = new ArrayList<>();
            for (PropertyList image : PropertyList.parse(result.out()).dictionaries("images")) {
                String path = image.text("image-path");
                if (path != null && Path.of(path).startsWith(directory)) {
                    List<Entity> entities = entities(image);
                    wholeDisk(entities)
                            .ifPresent(device ->
                                    found.add(new DiskImage(Path.of(path), device, entities)));
                }
            }
            return found;
        } catch (PropertyList.Malformed e) {
            throw new LunlockException(
                    ExitCode.IO, "hdiutil info printed what is not known: " + e.getMessage(), e);
        }
    }

    /**
     * Detaches; volumes of it that somebody mounted are unmounted first.
     *
     * @param patience how long to try again while somebody uses it
     * @throws LunlockException when it is still in use, and by whom; it is still attached then
     */
    void detach(Tools tools, Duration patience) throws LunlockException {
        Deadline deadline = Deadline.in(patience);
        while (true) {
            ExecResult result =
                    hasHdiutil(tools)
                            ? tools.run(DETACH_TIMEOUT, "hdiutil", "detach", device.toString())
                            : tools.run(DETACH_TIMEOUT, "diskutil", "eject", device.toString());
            if (result.ok() || isGone(tools)) {
                return;
            }
            if (deadline.passed()) {
                Path raw = device.resolveSibling("r" + device.getFileName());
                throw new LunlockException(
                        ExitCode.IO,
                        "%s is still in use by %s (%s): end that, then try again"
                                .formatted(
                                        device,
                                        OpenFiles.named(
                                                OpenFiles.users(tools, said(result), device, raw),
                                                device),
                                        said(result)));
            }
            deadline.pause(TRY_AGAIN);
        }
    }

    /** Detaches, whoever uses it; what has not been written is lost. */
    void detachForced(Tools tools) throws LunlockException {
        ExecResult result;
        if (hasHdiutil(tools)) {
            result = tools.run(FORCE_TIMEOUT, "hdiutil", "detach", device.toString(), "-force");
        } else {
            tools.run(FORCE_TIMEOUT, "diskutil", "unmountDisk", "force", device.toString());
            result = tools.run(FORCE_TIMEOUT, "diskutil", "eject", device.toString());
        }
        if (!result.ok() && !isGone(tools)) {
            throw new LunlockException(
                    ExitCode.IO,
                    "%s cannot even be detached by force: %s".formatted(device, said(result)));
        }
    }

    /** Whether it is known to be gone; the number may be another disk's by now. */
    private boolean isGone(Tools tools) throws LunlockException {
        return hasHdiutil(tools)
                && below(tools, file).stream().noneMatch(it -> it.device().equals(device));
    }

    /** diskutil complains on its standard output as well. */
    static String said(ExecResult result) {
        String out = result.out().strip().replaceAll("\\s+", " ");
        return !result.timedOut() && result.err().isBlank() && !out.isEmpty()
                ? out
                : result.complaint();
    }
}
