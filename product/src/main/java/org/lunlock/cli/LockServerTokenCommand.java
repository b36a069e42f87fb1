// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Elapsed;
import org.lunlock.daemon.api.Wire;
import org.lunlock.lockserver.Stores;
import org.lunlock.lockserver.store.BearerTokens;
import org.lunlock.lockserver.store.Principal;
import org.lunlock.lockserver.store.Principal.Allowance;
import org.lunlock.lockserver.store.Right;
import org.lunlock.lockserver.store.StoreException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code lockserver token}: who may ask the lock server; works while it runs. */
@Command(
        name = "token",
        header = "Add, list and revoke the bearer tokens of a lock server.",
        synopsisSubcommandLabel = "COMMAND")
final class LockServerTokenCommand implements Runnable {
    private final Globals globals;
    private final LockServerCommand server;

    @Spec private CommandSpec spec = CommandSpec.create();

    LockServerTokenCommand(Globals globals, LockServerCommand server) {
        this.globals = globals;
        this.server = server;
    }

    /** Without a command, shows what there is. */
    @Override
    public void run() {
        spec.commandLine().usage(System.out);
    }

    @Command(
            name = "add",
            header = "Add a token and print it: it is nowhere else.",
            description = "VOLUMES is a volume's name, a beginning and '*', or '*'.")
    int add(
            @Parameters(paramLabel = "NAME", description = "Who it is for: shown to others.")
                    String name,
            @Option(
                            names = "--use",
                            paramLabel = "VOLUMES",
                            description = "See, wait for and hold these volumes.")
                    List<String> use,
            @Option(
                            names = "--force",
                            paramLabel = "VOLUMES",
                            description = "Also take them away from their holder.")
                    List<String> force,
            @Option(
                            names = "--admin",
                            paramLabel = "VOLUMES",
                            description = "Also read the audit log (with '*').")
                    List<String> admin)
            throws LunlockException {
        List<Allowance> allowances = new ArrayList<>();
        allow(Right.USE, use, allowances);
        allow(Right.FORCE, force, allowances);
        allow(Right.ADMIN, admin, allowances);
        try (BearerTokens tokens = Stores.openTokens(server.store())) {
            String bearer = tokens.add(name, allowances, Instant.now());
            Terminal output = Terminal.standardOutput(globals);
            output.line(globals.json() ? Wire.json(Map.of("name", name, "token", bearer)) : bearer);
            return ExitCode.OK.code();
        } catch (StoreException e) {
            throw LockServerCommand.failure(e);
        }
    }

    private static void allow(Right right, List<String> volumes, List<Allowance> allowances) {
        if (volumes != null) { // picocli's way to say that the option was not given
            volumes.forEach(it -> allowances.add(new Allowance(right, it)));
        }
    }

    @Command(name = "list", header = "List the tokens' names and rights.")
    int list() throws LunlockException {
        try (BearerTokens tokens = Stores.openTokens(server.store())) {
            List<BearerTokens.Listed> all = tokens.list();
            Terminal output = Terminal.standardOutput(globals);
            if (globals.json()) {
                output.line(
                        Wire.json(
                                Map.of(
                                        "tokens",
                                        all.stream()
                                                .map(LockServerTokenCommand::describe)
                                                .toList())));
                return ExitCode.OK.code();
            }
            Table table = new Table("NAME", "RIGHTS", "AGE", "REVOKED");
            for (BearerTokens.Listed token : all) {
                table.row(
                        output.bold(token.principal().name()),
                        rights(token.principal()),
                        Elapsed.since(token.createdAt()),
                        token.revokedAt() == null ? "" : Elapsed.since(token.revokedAt()) + " ago");
            }
            table.print(output);
            return ExitCode.OK.code();
        } catch (StoreException e) {
            throw LockServerCommand.failure(e);
        }
    }

    private static Map<String, Object> describe(BearerTokens.Listed token) {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("name", token.principal().name());
        fields.put("rights", rights(token.principal()));
        fields.put("created", token.createdAt());
        if (token.revokedAt() != null) {
            fields.put("revoked", token.revokedAt());
        }
        return fields;
    }

    private static String rights(Principal principal) {
        return principal.allowances().stream()
                .map(it -> it.right().name().toLowerCase(Locale.ROOT) + " " + it.volumes())
                .collect(Collectors.joining(", "));
    }

    @Command(name = "revoke", header = "End a token, at once and for good.")
    int revoke(@Parameters(paramLabel = "NAME") String name) throws LunlockException {
        try (BearerTokens tokens = Stores.openTokens(server.store())) {
            tokens.revoke(name, Instant.now());
            return ExitCode.OK.code();
        } catch (StoreException e) {
            throw LockServerCommand.failure(e);
        }
    }
}
