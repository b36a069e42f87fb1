// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.lunlock.posix.Platform;
import org.lunlock.posix.ProcessControl;

/** What this machine has of what attaching and mounting need. Looks, and changes nothing. */
public final class HostAbilities {
    private static final Path FILE_SYSTEMS = Path.of("/proc/filesystems");

    private final List<Ability> found = new ArrayList<>();
    private final Tools tools;

    private HostAbilities(Tools tools) {
        this.tools = tools;
    }

    /**
     * One of them.
     *
     * @param there whether the machine has it
     * @param needed whether nothing can be attached without
     * @param detail what was found, or what is not there
     * @param remedy what to do when it is not there
     */
    public record Ability(
            String what, boolean there, boolean needed, String detail, String remedy) {}

    /** Those of this machine, for the user who runs this process. */
    public static List<Ability> local() {
        return of(Platform.MAC, ProcessControl.userId() == 0, new Tools(new ProcessExec()));
    }

    static List<Ability> of(boolean mac, boolean root, Tools tools) {
        HostAbilities abilities = new HostAbilities(tools);
        if (mac) {
            abilities.mac(root);
        } else {
            abilities.linux(root);
        }
        return abilities.found;
    }

    private void linux(boolean root) {
        add(
                "user",
                root,
                true,
                root ? "root" : "not root, whose FUSE, loop devices and mounts are",
                "run lunlock as root");
        device("FUSE", "/dev/fuse", "fuse");
        device("loop devices", "/dev/loop-control", "loop");
        tools("tools", true, List.of("losetup", "mount", "umount", "sync"));
        boolean flusher = ProcessControl.mayBecomeIoFlusher();
        add(
                "memory",
                flusher,
                false,
                flusher
                        ? "the kernel is told who serves the disk"
                        : "no CAP_SYS_RESOURCE to tell the kernel who serves the disk",
                "where memory is limited, give the daemon a control group of its own");
        String drivers = drivers();
        add(
                "file systems",
                !drivers.isEmpty(),
                false,
                drivers.isEmpty() ? "the kernel names none" : drivers + " now, others by modules",
                "see /proc/filesystems");
    }

    private void device(String what, String device, String module) {
        boolean there = Files.exists(Path.of(device));
        add(
                what,
                there,
                true,
                there ? device : "the kernel offers no " + device,
                "modprobe " + module);
    }

    /** Drivers that are loaded and need a device. */
    private static String drivers() {
        try {
            return Files.readAllLines(FILE_SYSTEMS).stream()
                    .filter(line -> line.startsWith("\t") && !line.contains("fuse"))
                    .map(String::strip)
                    .collect(Collectors.joining(" "));
        } catch (IOException e) {
            return "";
        }
    }

    private void mac(boolean root) {
        tools("tools", true, List.of("mount_nfs", "diskutil", "mount", "umount"));
        boolean hdiutil = DiskImage.hasHdiutil(tools);
        add(
                "disk images",
                hdiutil,
                false,
                hdiutil
                        ? "hdiutil"
                        : "no hdiutil: diskutil image is used, and does not tell what a dead daemon"
                                + " left",
                "after a crash, eject the volume's disk with diskutil");
        tools("who keeps a volume busy", false, List.of("lsof"));
        tools("staying awake", false, List.of("caffeinate"));
        add(
                "privacy",
                root,
                false,
                root
                        ? "root, whom it does not hinder"
                        : "programs of a terminal may be refused the local network and network"
                                + " volumes",
                "allow them in System Settings, Privacy & Security, or let launchd run the daemon"
                        + " as root");
    }

    private void tools(String what, boolean needed, List<String> names) {
        String missing =
                names.stream().filter(name -> !tools.has(name)).collect(Collectors.joining(", "));
        add(
                what,
                missing.isEmpty(),
                needed,
                missing.isEmpty() ? String.join(", ", names) : "no " + missing,
                "install what has it");
    }

    private void add(String what, boolean there, boolean needed, String detail, String remedy) {
        found.add(new Ability(what, there, needed, detail, remedy));
    }
}
