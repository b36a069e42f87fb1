// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lunlock.daemon.api.Version;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.IHelpSectionRenderer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** Keeps the help of a command to its own options: those of every command are in lunlock's help. */
final class HelpFormat {
    private HelpFormat() {}

    /** Formats the help of the program and of all its commands. */
    static void apply(CommandLine lunlock) {
        Map<String, IHelpSectionRenderer> sections = new HashMap<>(lunlock.getHelpSectionMap());
        sections.put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpFormat::options);
        sections.put(UsageMessageSpec.SECTION_KEY_FOOTER, HelpFormat::footer);
        lunlock.setHelpSectionMap(sections);
        arrange(lunlock);
    }

    private static void arrange(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        boolean options = spec.options().stream().anyMatch(it -> !it.inherited() && !it.hidden());
        spec.version("lunlock " + Version.CURRENT);
        spec.usageMessage()
                .abbreviateSynopsis(true)
                .synopsisHeading("%nUsage: ")
                .parameterListHeading(spec.positionalParameters().isEmpty() ? "" : "%n")
                .optionListHeading(options ? "%nOptions:%n" : "")
                .commandListHeading("%nCommands:%n");
        command.getSubcommands().values().forEach(HelpFormat::arrange);
    }

    private static String options(Help help) {
        CommandSpec spec = help.commandSpec();
        List<OptionSpec> own =
                spec.options().stream().filter(it -> !it.inherited() && !it.hidden()).toList();
        Help.Layout layout = help.createDefaultLayout(own, List.of(), help.colorScheme());
        layout.addAllOptions(own, help.parameterLabelRenderer());
        return layout.toString();
    }

    private static String footer(Help help) {
        String always = help.footer();
        boolean top = help.commandSpec().parent() == null;
        return top ? always : always + "%nOptions of every command: lunlock --help%n".formatted();
    }
}
