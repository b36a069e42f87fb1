// SPDX-License-Identifier: Apache-2.0
package org.lunlock;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import org.lunlock.iscsi.testkit.HouseRules;

/**
 * The arrows between the packages, as ARCHITECTURE.md draws them; the initiator's own are held in
 * its module.
 */
@AnalyzeClasses(packages = "org.lunlock", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule ARROWS_GO_DOWN_ONLY =
            layeredArchitecture()
                    .consideringOnlyDependenciesInLayers()
                    .layer("cli")
                    .definedBy("org.lunlock.cli..")
                    .layer("demo")
                    .definedBy("org.lunlock.demo..")
                    .layer("bench")
                    .definedBy("org.lunlock.bench..")
                    .layer("daemon")
                    .definedBy("org.lunlock.daemon")
                    .layer("api")
                    .definedBy("org.lunlock.daemon.api..")
                    .layer("volume")
                    .definedBy("org.lunlock.volume..")
                    .layer("attach")
                    .definedBy("org.lunlock.attach..")
                    .layer("export")
                    .definedBy("org.lunlock.export..")
                    .layer("block")
                    .definedBy("org.lunlock.block..")
                    .layer("lock")
                    .definedBy("org.lunlock.lock..")
                    .layer("config")
                    .definedBy("org.lunlock.config..")
                    .layer("posix")
                    .definedBy("org.lunlock.posix..")
                    .layer("initiator")
                    .definedBy("org.lunlock.iscsi.*..")
                    .layer("words")
                    .definedBy("org.lunlock.iscsi")
                    .whereLayer("cli")
                    .mayOnlyAccessLayers(
                            "api", "daemon", "bench", "volume", "block", "demo", "config", "posix",
                            "words")
                    .whereLayer("demo")
                    .mayOnlyAccessLayers("posix")
                    .whereLayer("bench")
                    .mayOnlyAccessLayers("block")
                    .whereLayer("daemon")
                    .mayOnlyAccessLayers("api", "volume", "config", "posix", "words")
                    .whereLayer("api")
                    .mayNotAccessAnyLayer()
                    .whereLayer("volume")
                    .mayOnlyAccessLayers(
                            "api",
                            "attach",
                            "export",
                            "block",
                            "lock",
                            "config",
                            "posix",
                            "initiator",
                            "words")
                    .whereLayer("attach")
                    .mayOnlyAccessLayers("export", "block", "posix", "words")
                    .whereLayer("export")
                    .mayOnlyAccessLayers("block", "posix", "words")
                    .whereLayer("block")
                    .mayOnlyAccessLayers("initiator", "words")
                    .whereLayer("lock")
                    .mayOnlyAccessLayers("initiator", "words")
                    .whereLayer("config")
                    .mayOnlyAccessLayers("initiator", "words")
                    .whereLayer("posix")
                    .mayOnlyAccessLayers("words");

    /** Everything else of the command line reaches a daemon by its socket alone. */
    @ArchTest
    static final ArchRule ONLY_DAEMON_RUN_IS_THE_DAEMON =
            noClasses()
                    .that()
                    .resideInAPackage("org.lunlock.cli..")
                    .and()
                    .haveNameNotMatching(".*\\.DaemonCommand(\\$.*)?")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("org.lunlock.daemon");

    /** What carries a volume is chosen where both are put together. */
    @ArchTest
    static final ArchRule THE_DAEMON_KNOWS_VOLUMES_BY_THEIR_INTERFACE =
            noClasses()
                    .that()
                    .resideInAPackage("org.lunlock.daemon..")
                    .should()
                    .dependOnClassesThat()
                    .haveSimpleName("TargetVolumes");

    @ArchTest
    static final ArchRule THE_LEASE_IS_PURE =
            classes()
                    .that()
                    .haveSimpleNameStartingWith("Lease")
                    .and()
                    .resideInAPackage("org.lunlock.lock")
                    .should()
                    .onlyDependOnClassesThat(
                            resideInAnyPackage(
                                    "org.lunlock.lock..",
                                    "org.lunlock.iscsi",
                                    "java.lang..",
                                    "java.time..",
                                    "java.util..",
                                    "org.jspecify.."));

    @ArchTest static final ArchTests HOUSE_RULES = ArchTests.in(HouseRules.class);
}
