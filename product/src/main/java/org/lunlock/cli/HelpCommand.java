// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code help}. */
@Command(name = "help", header = "Show the help of a command.")
final class HelpCommand implements Runnable {
    @Spec private CommandSpec spec = CommandSpec.create();

    @Parameters(arity = "0..*", paramLabel = "COMMAND", description = "Such as: volume add")
    private List<String> path = List.of();

    /** Goes down the path of commands and shows where it ends. */
    @Override
    public void run() {
        CommandLine at = spec.parent().commandLine();
        for (String name : path) {
            CommandLine next = at.getSubcommands().get(name);
            if (next == null) {
                throw new UnmatchedArgumentException(at, List.of(name));
            }
            at = next;
        }
        at.usage(System.out);
    }
}
