// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.lunlock.attach.Attachment;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.testkit.Repository;
import org.lunlock.iscsi.testkit.Vm;

/**
 * A Linux that uses what is exported here, and that has what this machine's kernel may lack: NBD,
 * NFS, HFS+. It reaches this machine's loopback addresses as {@link #HOST}, and nothing else. It
 * reads this repository and Java from this machine, where they are here, so the product runs in it
 * as built.
 */
public final class ClientVm implements AutoCloseable {
    /** What is 127.0.0.1 here, as seen from inside. */
    public static final String HOST = Vm.HOST;

    private static final Path JAVA = Path.of(System.getProperty("java.home"));
    private static final Path REPOSITORY = Repository.root();

    /** What the product depends on, as the build has put it there. */
    private static final Path LIBRARIES = REPOSITORY.resolve("product/target/lib");

    private final Vm vm;

    /** Boots one; skips the test where that cannot be done. */
    public static ClientVm boot() throws IOException {
        Set<Path> shares = new LinkedHashSet<>(List.of(JAVA, REPOSITORY));
        code().map(ClientVm::directory)
                .filter(it -> !it.startsWith(REPOSITORY)) // what Maven did not build this time
                .forEach(shares::add);
        List<String> options = new ArrayList<>();
        List<String> mounts = new ArrayList<>();
        for (Path share : shares) {
            String tag = "s" + mounts.size();
            options.add("-virtfs");
            options.add(
                    "local,security_model=none,readonly=on,id=%1$s,mount_tag=%1$s,path=%2$s"
                            .formatted(tag, share));
            mounts.add("share %s '%s'".formatted(tag, share));
        }
        ClientVm client =
                new ClientVm(Vm.boot("product/src/test/sh/client", options.toArray(String[]::new)));
        try {
            mounts.forEach(client::run);
        } catch (RuntimeException | Error e) {
            client.close();
            throw e;
        }
        return client;
    }

    private ClientVm(Vm vm) {
        this.vm = vm;
    }

    private static Stream<Path> code() {
        return Stream.of(Attachment.class, ClientVm.class, IscsiException.class)
                .map(it ->
                        Path.of(it.getProtectionDomain().getCodeSource().getLocation().getPath()));
    }

    private static Path directory(Path source) {
        Path parent = source.getParent();
        return Files.isDirectory(source) || parent == null ? source : parent;
    }

    /** As {@link Vm#run(String)}. */
    public String run(String script) {
        return vm.run(script);
    }

    /** As {@link Vm#run(String, Duration)}. */
    public String run(String script, Duration limit) {
        return vm.run(script, limit);
    }

    /** The shell's words for the product's command line, as users start it. */
    public String lunlock() {
        return "JAVA_HOME='%s' '%s'".formatted(JAVA, REPOSITORY.resolve("bin/lunlock"));
    }

    /** The shell's words for a program of the tests. */
    public String java(Class<?> program) {
        String classPath =
                Stream.concat(code().map(Path::toString), Stream.of(LIBRARIES + "/*"))
                        .collect(Collectors.joining(":"));
        return "'%s' -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx64m -XX:MaxDirectMemorySize=400m"
                        .formatted(JAVA.resolve("bin/java"))
                + " --enable-native-access=ALL-UNNAMED -cp '%s' %s"
                        .formatted(classPath, program.getName());
    }

    /** What QEMU and the kernel printed so far. */
    public String log() {
        return vm.log();
    }

    @Override
    public void close() {
        vm.close();
    }
}
