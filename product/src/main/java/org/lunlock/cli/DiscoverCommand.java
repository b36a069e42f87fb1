// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code discover}. */
@Command(name = "discover", header = "Ask a portal which targets it has.")
final class DiscoverCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(paramLabel = "PORTAL", description = "host, host:port or [v6]:port.")
    private String portal = "";

    @Option(
            names = "--isns",
            description = "PORTAL is an iSNS server, port 3205, that knows the targets of many.")
    private boolean isns;

    @ArgGroup(exclusive = false)
    private @Nullable Chap chap;

    /** Together or not at all. */
    private static final class Chap {
        @Option(
                names = "--chap-user",
                required = true,
                paramLabel = "USER",
                description = "CHAP name.")
        private String user = "";

        @Option(
                names = "--chap-secret-file",
                required = true,
                paramLabel = "FILE",
                description = "File with the CHAP secret, mode 0600.")
        private Path secretFile = Path.of("");
    }

    DiscoverCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        String user = chap == null ? null : chap.user;
        String file = chap == null ? null : chap.secretFile.toAbsolutePath().toString();
        return Results.print(
                globals,
                new Request.Discover(isns ? Request.Discover.ISNS + portal : portal, user, file),
                Result.Targets.class,
                DiscoverCommand::print);
    }

    private static void print(Result.Targets found, Terminal output) {
        if (found.targets().isEmpty()) {
            output.line("no targets for this initiator");
            return;
        }
        Table table = new Table("TARGET", "PORTAL", "GROUP");
        for (Result.Target target : found.targets()) {
            if (target.portals().isEmpty()) {
                table.row(target.name(), "unknown", "");
            }
            for (Result.TargetPortal at : target.portals()) {
                table.row(target.name(), at.portal(), Integer.toString(at.targetPortalGroupTag()));
            }
        }
        table.print(output);
    }
}
