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
import org.lunlock.attach.Attachment;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.testkit.Vm;

/**
 * A Linux that uses what is exported here, and that has what this machine's kernel may lack: NBD,
 * NFS, HFS+. It reaches this machine's loopback addresses as {@link #HOST}, and nothing else. Java
 * programs of the product can run in it: it reads their classes, and Java, from this machine.
 */
public final class ClientVm implements AutoCloseable {
    /** What is 127.0.0.1 here, as seen from inside. */
    public static final String HOST = Vm.HOST;

    /** What the product depends on, as the build has put it there. */
    private static final Path LIBRARIES = Path.of("target/lib").toAbsolutePath();

    private final Vm vm;
    private final List<String> classPath = new ArrayList<>();

    /** Boots one; skips the test where that cannot be done. */
    public static ClientVm boot() throws IOException {
        List<Path> shares = new ArrayList<>();
        shares.add(Path.of(System.getProperty("java.home")));
        Set<Path> code = new LinkedHashSet<>();
        for (Class<?> one : List.of(Attachment.class, ClientVm.class, IscsiException.class)) {
            code.add(Path.of(one.getProtectionDomain().getCodeSource().getLocation().getPath()));
        }
        shares.addAll(code.stream().map(ClientVm::directory).toList());
        shares.add(LIBRARIES);
        List<String> options = new ArrayList<>();
        for (int i = 0; i < shares.size(); i++) {
            options.add("-virtfs");
            options.add(
                    "local,security_model=none,readonly=on,id=s%1$d,mount_tag=s%1$d,path=%2$s"
                            .formatted(i, shares.get(i)));
        }
        ClientVm client =
                new ClientVm(Vm.boot("product/src/test/sh/client", options.toArray(String[]::new)));
        try {
            for (int i = 0; i < shares.size(); i++) {
                client.run("share s" + i);
            }
        } catch (RuntimeException | Error e) {
            client.close();
            throw e;
        }
        int share = 1;
        for (Path source : code) {
            boolean jar = !Files.isDirectory(source);
            client.classPath.add("/s" + share + (jar ? "/" + source.getFileName() : ""));
            share++;
        }
        client.classPath.add("/s" + share + "/*");
        return client;
    }

    private ClientVm(Vm vm) {
        this.vm = vm;
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

    /** The shell's words for a program of ours. */
    public String java(String mainClass) {
        // without the archive of shared classes, which is mapped page by page through 9p
        return "/s0/bin/java -Xshare:off -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx64m -XX:MaxDirectMemorySize=400m"
                + " --enable-native-access=ALL-UNNAMED -cp "
                + "'%s' ".formatted(String.join(":", classPath))
                + mainClass;
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
