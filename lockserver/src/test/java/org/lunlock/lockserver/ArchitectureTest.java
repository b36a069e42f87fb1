// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import com.tngtech.archunit.lang.ArchRule;
import org.jspecify.annotations.NullMarked;
import org.lunlock.iscsi.testkit.HouseRules;

@NullMarked
@AnalyzeClasses(
        packages = {
            "org.lunlock.lockserver",
            "org.lunlock.etcd",
            "org.lunlock.http",
            "org.lunlock.tls"
        },
        importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

    @ArchTest
    static final ArchRule ARROWS_GO_DOWN_ONLY =
            layeredArchitecture()
                    .consideringOnlyDependenciesInLayers()
                    .layer("server")
                    .definedBy("org.lunlock.lockserver")
                    .layer("web")
                    .definedBy("org.lunlock.lockserver.web..")
                    .layer("client")
                    .definedBy("org.lunlock.lockserver.client..")
                    .layer("api")
                    .definedBy("org.lunlock.lockserver.api..")
                    .layer("clerk")
                    .definedBy("org.lunlock.lockserver.clerk..")
                    .layer("store")
                    .definedBy("org.lunlock.lockserver.store..")
                    .layer("model")
                    .definedBy("org.lunlock.lockserver.model..")
                    .layer("etcd")
                    .definedBy("org.lunlock.etcd..")
                    .layer("http")
                    .definedBy("org.lunlock.http..")
                    .layer("tls")
                    .definedBy("org.lunlock.tls..")
                    .whereLayer("client")
                    .mayNotBeAccessedByAnyLayer()
                    .whereLayer("web")
                    .mayOnlyBeAccessedByLayers("server")
                    .whereLayer("clerk")
                    .mayOnlyBeAccessedByLayers("web", "client", "server")
                    .whereLayer("store")
                    .mayOnlyBeAccessedByLayers("clerk", "web", "client", "server")
                    .whereLayer("etcd")
                    .mayOnlyBeAccessedByLayers("store", "client")
                    .whereLayer("etcd")
                    .mayOnlyAccessLayers("http")
                    .whereLayer("http")
                    .mayOnlyAccessLayers("tls")
                    .whereLayer("tls")
                    .mayNotAccessAnyLayer();

    @ArchTest
    static final ArchRule MODEL_IS_PURE =
            classes()
                    .that()
                    .resideInAPackage("org.lunlock.lockserver.model..")
                    .should()
                    .onlyDependOnClassesThat()
                    .resideInAnyPackage(
                            "org.lunlock.lockserver.model..",
                            "java.lang..",
                            "java.time..",
                            "java.util",
                            "java.util.stream",
                            "java.util.function",
                            "org.jspecify..");

    @ArchTest static final ArchTests HOUSE_RULES = ArchTests.in(HouseRules.class);
}
