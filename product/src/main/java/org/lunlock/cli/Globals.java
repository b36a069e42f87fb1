// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.config.Home;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program itself, and the options that every command has. */
@Command(
        name = "lunlock",
        header = "One iSCSI volume, many machines, one at a time.",
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "lunlock run backup -- rsync -a ~/Documents/ {}/",
            "",
            "waits until no other host has the volume, mounts it, runs the command with the mount"
                    + " point instead of {}, and gives the volume back.",
            "",
            "Exit codes: 0 ok, 64 usage, 65 bad input, 69 unreachable, 70 internal error, 74 I/O"
                    + " error, 75 held by another host, 76 protocol error, 77 login refused,"
                    + " 78 configuration, 79 lock lost. run ends with the exit code of its command."
        })
final class Globals implements Runnable {
    /** Steps such as a login take a few round trips; a portal that does not answer takes it all. */
    static final Duration TIMEOUT = Duration.ofSeconds(30);

    @Spec private @Nullable CommandSpec spec;

    @Option(
            names = "--home",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description = "Configuration, state and socket of one host (or LUNLOCK_HOME).")
    private @Nullable Path home;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            scope = ScopeType.INHERIT,
            description = "For one step, such as a login: 500ms, 30s, 5m (default: 30s).")
    private Duration timeout = TIMEOUT;

    @Option(
            names = "--json",
            scope = ScopeType.INHERIT,
            description = "Print JSON documents for programs.")
    private boolean json;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Say what is being done.")
    private boolean verbose;

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description =
                    "Record what bench, or the daemon if this command starts it, says to targets,"
                            + " data and all, in a pcapng file.")
    private @Nullable Path trace;

    @Option(names = "--no-color", scope = ScopeType.INHERIT, description = "Never use colors.")
    private boolean noColor;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help and exit.")
    private boolean unusedHelp; // the parser acts on it

    @Option(
            names = "--version",
            versionHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show the version and exit.")
    private boolean unusedVersion;

    /** Without a command there is nothing to do but to show what there is. */
    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(System.out);
        }
    }

    Home home() throws LunlockException {
        return Home.resolve(home, System.getenv(), Home.Machine.local());
    }

    /** Whether somebody chose the home, so that the daemon has to be told. */
    boolean homeIsChosen() {
        return home != null || !System.getenv().getOrDefault(Home.VARIABLE, "").isEmpty();
    }

    Duration timeout() {
        return timeout;
    }

    boolean json() {
        return json;
    }

    boolean verbose() {
        return verbose;
    }

    /** Absolute; null without the option. */
    @Nullable Path trace() {
        return trace == null ? null : trace.toAbsolutePath();
    }

    boolean noColor() {
        return noColor;
    }
}
