// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import org.lunlock.iscsi.testkit.HouseRules;

@AnalyzeClasses(
        packages = "org.lunlock.iscsi",
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule ARROWS_GO_DOWN_ONLY =
            layeredArchitecture()
                    .consideringOnlyDependenciesInLayers()
                    .layer("session")
                    .definedBy("org.lunlock.iscsi.session..")
                    .layer("isns")
                    .definedBy("org.lunlock.iscsi.isns..")
                    .layer("login")
                    .definedBy("org.lunlock.iscsi.login..")
                    .layer("transport")
                    .definedBy("org.lunlock.iscsi.transport..")
                    .layer("trace")
                    .definedBy("org.lunlock.iscsi.trace..")
                    .layer("pdu")
                    .definedBy("org.lunlock.iscsi.pdu..")
                    .layer("scsi")
                    .definedBy("org.lunlock.iscsi.scsi..")
                    .layer("words")
                    .definedBy("org.lunlock.iscsi")
                    .whereLayer("session")
                    .mayNotBeAccessedByAnyLayer()
                    .whereLayer("isns")
                    .mayNotBeAccessedByAnyLayer()
                    .whereLayer("login")
                    .mayOnlyBeAccessedByLayers("isns", "session")
                    .whereLayer("transport")
                    .mayOnlyBeAccessedByLayers("login", "session")
                    .whereLayer("trace")
                    .mayOnlyBeAccessedByLayers("transport")
                    .whereLayer("pdu")
                    .mayOnlyBeAccessedByLayers("transport", "login", "session")
                    .whereLayer("scsi")
                    .mayOnlyBeAccessedByLayers("transport", "login", "session")
                    .whereLayer("words")
                    .mayOnlyBeAccessedByLayers(
                            "pdu", "scsi", "trace", "transport", "login", "isns", "session");

    @ArchTest
    static final ArchRule DEPENDS_ON_THE_JDK_ALONE =
            classes()
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage("org.lunlock.iscsi..", "java..", "org.jspecify..");

    @ArchTest
    static final ArchRule PDU_AND_SCSI_DO_NO_IO =
            noClasses()
                    .that()
                    .resideInAnyPackage("org.lunlock.iscsi.pdu..", "org.lunlock.iscsi.scsi..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage("java.net..", "java.nio.channels..", "java.nio.file..");

    @ArchTest
    static final ArchRule LIBRARY_DOES_NOT_PRINT =
            noClasses()
                    .should()
                    .accessField(System.class, "out")
                    .orShould()
                    .accessField(System.class, "err");

    @ArchTest
    static final ArchRule LOGS_GO_THROUGH_SYSTEM_LOGGER =
            noClasses()
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("java.util.logging..")
                    .because("the program that uses the library chooses where logs go");

    @ArchTest static final ArchTests HOUSE_RULES = ArchTests.in(HouseRules.class);
}
