// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lunlock.LunlockException;

/**
 * Who keeps something busy on macOS: as the tool that was refused says it, or as lsof(8) finds it.
 */
final class OpenFiles {
    /** It looks at every process, and may meet a mount that does not answer. */
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** Of diskutil: {@code dissented by PID 88 (/usr/libexec/mds_stores)}. */
    private static final Pattern DISSENTER =
            Pattern.compile("dissented by PID ([0-9]+)(?: \\(([^)]*)\\))?");

    /** Those of Spotlight, which looks through every volume that is mounted. */
    private static final Pattern SPOTLIGHT = Pattern.compile("^(?:mds|mds_stores|mdworker\\S*) ");

    private OpenFiles() {}

    /**
     * Who uses a file, or what is below a mount point, e.g. {@code rsync (pid 4711)}.
     *
     * @param refusal what the tool said that was refused
     */
    static List<String> users(Tools tools, String refusal, Path... busy) {
        Matcher dissenter = DISSENTER.matcher(refusal);
        if (dissenter.find() && dissenter.group(2) != null) {
            Path program = Path.of(dissenter.group(2)).getFileName();
            return List.of("%s (pid %s)".formatted(program, dissenter.group(1)));
        }
        List<String> arguments = new ArrayList<>(List.of("-w", "-F", "pc", "--"));
        for (Path path : busy) {
            arguments.add(path.toString());
        }
        try {
            // its exit status says only whether it found all that it was asked for
            return parse(tools.run(TIMEOUT, "lsof", arguments.toArray(String[]::new)).out());
        } catch (LunlockException e) {
            return List.of();
        }
    }

    /** Lines of {@code pPID} and {@code cNAME}, in this order for each process. */
    static List<String> parse(String printed) {
        List<String> users = new ArrayList<>();
        String pid = "";
        for (String line : printed.split("\n", -1)) {
            if (line.startsWith("p")) {
                pid = line.substring(1);
            } else if (line.startsWith("c") && !pid.isEmpty()) {
                users.add("%s (pid %s)".formatted(line.substring(1), pid));
                pid = "";
            }
        }
        return users;
    }

    /** The users for a message, with what helps against Spotlight. */
    static String named(List<String> users, Path mountPoint) {
        if (users.isEmpty()) {
            return "somebody";
        }
        boolean spotlight = users.stream().anyMatch(user -> SPOTLIGHT.matcher(user).find());
        return String.join(", ", users)
                + (spotlight
                        ? " [Spotlight: 'mdutil -i off %s' keeps it away]".formatted(mountPoint)
                        : "");
    }
}
