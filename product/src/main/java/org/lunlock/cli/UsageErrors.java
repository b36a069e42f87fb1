// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.lunlock.ExitCode;
import org.lunlock.config.Suggest;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says in one line what is wrong with a command line, and what was probably meant. */
final class UsageErrors {
    private UsageErrors() {}

    static int report(ParameterException e, Terminal terminal) {
        CommandSpec spec = e.getCommandLine().getCommandSpec();
        Failures.print(
                switch (e) {
                    case UnmatchedArgumentException unmatched -> unmatched(unmatched, spec);
                    case MissingParameterException missing ->
                            "missing " + names(missing.getMissing()) + where(spec) + seeHelp(spec);
                    default -> firstLine(e) + where(spec) + seeHelp(spec);
                },
                terminal);
        return ExitCode.USAGE.code();
    }

    private static String unmatched(UnmatchedArgumentException e, CommandSpec spec) {
        String word = e.getUnmatched().getFirst();
        if (word.startsWith("-")) {
            if (spec.name().equals("run")) {
                return "unknown option '%s'%s: an option of the command to run comes after --"
                        .formatted(word, where(spec));
            }
            List<String> known = new ArrayList<>(spec.optionsMap().keySet());
            return "unknown option '" + word + "'" + where(spec) + suggest(word, known, spec);
        }
        if (spec.subcommands().isEmpty()) {
            return "too many arguments, '" + word + "'" + where(spec) + seeHelp(spec);
        }
        List<String> known =
                spec.parent() == null
                        ? Commands.NAMES
                        : new ArrayList<>(spec.subcommands().keySet());
        return "unknown command '" + word + "'" + where(spec) + suggest(word, known, spec);
    }

    private static String suggest(String word, List<String> known, CommandSpec spec) {
        return Suggest.nearest(word, known)
                .map(": did you mean '%s'?"::formatted)
                .orElseGet(() -> seeHelp(spec));
    }

    private static String where(CommandSpec spec) {
        return " (" + spec.qualifiedName() + ")";
    }

    private static String seeHelp(CommandSpec spec) {
        return ": see " + spec.qualifiedName() + " --help";
    }

    private static String names(List<ArgSpec> missing) {
        return missing.stream()
                .map(it -> it.isOption() ? it.toString() : it.paramLabel())
                .collect(Collectors.joining(" "));
    }

    /** The parser's own words, as part of our sentence. */
    private static String firstLine(ParameterException e) {
        String line = String.valueOf(e.getMessage()).lines().findFirst().orElse("wrong usage");
        line = line.replaceFirst("^Error: ", "");
        return line.substring(0, 1).toLowerCase(Locale.ROOT) + line.substring(1);
    }
}
