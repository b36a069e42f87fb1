// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.export.stream.Tls;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.TgtDevice;

/** What the clients that people have say of a real logical unit. */
@Timeout(180)
class NbdToolsIT {
    private static final int MIB = 1 << 20;

    @TempDir Path directory;

    /** A thin logical unit of 64 MiB and its export. */
    private static final class Served implements AutoCloseable {
        private final TgtDevice lun;
        private final NbdExport export;

        Served(String address, @Nullable Tls tls) throws Exception {
            lun = new TgtDevice(Tgt.Disk.ofMebibytes(64).thatIsThin());
            try {
                export = new NbdExport(NbdAddress.parse(address), "v", lun.device(), tls);
            } catch (Exception | Error e) {
                lun.close();
                throw e;
            }
        }

        String uri() {
            return export.uri();
        }

        @Override
        public void close() {
            export.close();
            lun.close();
        }
    }

    private Served served() throws Exception {
        return new Served("unix:" + directory.resolve("s"), null);
    }

    private Path randomFile(int bytes) throws Exception {
        byte[] content = new byte[bytes];
        new Random(7).nextBytes(content);
        return Files.write(directory.resolve("content"), content);
    }

    @Test
    void nbdinfoSeesWhatTheLogicalUnitCanDo() throws Exception {
        Tools.require("nbdinfo");
        try (Served served = served()) {
            assertThat(Tools.run("nbdinfo", served.uri()).lines().map(String::strip))
                    .contains(
                            "protocol: newstyle-fixed without TLS, using structured packets",
                            "export=\"v\":",
                            "export-size: 67108864 (64M)",
                            "base:allocation",
                            "is_read_only: false",
                            "can_fast_zero: true",
                            "can_flush: true",
                            "can_fua: true",
                            "can_multi_conn: true",
                            "can_trim: true",
                            "can_zero: true",
                            "block_size_minimum: 1",
                            "block_size_preferred: 4096",
                            "block_size_maximum: 33554432");
            assertThat(Tools.run("nbdinfo", "--map", "--totals", served.uri()))
                    .containsPattern("67108864 +100.0% +3 hole,zero");
        }
    }

    @Test
    void nbdcopyCopiesOverSeveralConnectionsAndKeepsHoles() throws Exception {
        Tools.require("nbdcopy", "nbdinfo");
        Path content = randomFile(9 * MIB);
        Path back = directory.resolve("back");
        try (Served served = served()) {
            Tools.run("nbdcopy", "--flush", content.toString(), served.uri());
            Tools.run("nbdcopy", served.uri(), back.toString());
            assertThat(Files.mismatch(content, back)).isEqualTo(9 * MIB);
            assertThat(Files.size(back)).isEqualTo(64 * MIB);
            assertThat(served.lun.allocatedBytes()).isLessThan(10 * MIB);
            assertThat(Tools.run("nbdinfo", "--map", served.uri()))
                    .containsPattern("0 +9437184 +0 +data")
                    .containsPattern("9437184 +57671680 +3 +hole,zero");
        }
    }

    @Test
    void qemuReadsBackWhatItWroteWhereverBlocksEnd() throws Exception {
        Tools.require("qemu-io", "qemu-img");
        try (Served served = served()) {
            String said =
                    Tools.run(
                            "qemu-io",
                            "-f",
                            "raw",
                            "-c",
                            "write -P 7 1000 33M",
                            "-c",
                            "read -P 7 1000 33M",
                            "-c",
                            "write -z 1M 5M",
                            "-c",
                            "write -zu 3M 5M",
                            "-c",
                            "read -P 0 1M 7M",
                            "-c",
                            "discard 20M 1M",
                            "-c",
                            "write -f -P 3 0 4k",
                            "-c",
                            "flush",
                            "-c",
                            "read -P 3 0 4k",
                            served.uri());
            assertThat(said).doesNotContain("failed").doesNotContain("error");
            Path image = directory.resolve("image");
            Tools.run("qemu-img", "convert", "-O", "raw", served.uri(), image.toString());
            Tools.run("qemu-img", "compare", "-f", "raw", served.uri(), image.toString());
        }
    }

    @Test
    void libnbdFindsNothingAgainstTheProtocol() throws Exception {
        Tools.require("nbdsh");
        try (Served served = served()) {
            String script =
                    """
                    h.set_strict_mode(0)  # let what is wrong through to the server
                    size = h.get_size()
                    def refused(errno, request):
                        try:
                            request()
                        except nbd.Error as e:
                            assert e.errnum == errno, (e.errnum, errno)
                        else:
                            assert False, "not refused"
                    import errno
                    refused(errno.EINVAL, lambda: h.pread(512, size))
                    refused(errno.ENOSPC, lambda: h.pwrite(b"12", size - 1))
                    refused(errno.EINVAL, lambda: h.trim(512, size))
                    refused(errno.ENOTSUP, lambda: h.zero(
                        512, 0, nbd.CMD_FLAG_FAST_ZERO | nbd.CMD_FLAG_NO_HOLE))
                    data = bytes(range(256)) * 4
                    buffers = [nbd.Buffer(len(data)) for i in range(64)]
                    for i in range(64):
                        h.aio_pwrite(nbd.Buffer.from_bytearray(bytearray(data)), i * 3000 + 1)
                    while h.aio_in_flight() > 0:
                        h.poll(-1)
                    for i in range(64):
                        h.aio_pread(buffers[i], i * 3000 + 1)
                    while h.aio_in_flight() > 0:
                        h.poll(-1)
                    assert all(b.to_bytearray() == data for b in buffers)
                    h.zero(3000, 1, nbd.CMD_FLAG_FUA)
                    assert h.pread(3000, 1, nbd.CMD_FLAG_DF) == bytes(3000)
                    assert h.pread(len(data), 3001) == data
                    h.flush()
                    print("fine")
                    """;
            Map<String, String> systemsPython = Map.of("PATH", "/usr/bin:/bin");
            assertThat(Tools.run(systemsPython, "nbdsh", "-u", served.uri(), "-c", script))
                    .contains("fine");
        }
    }

    @Test
    void fioVerifiesWhatItWroteInMixedSizes() throws Exception {
        Tools.require("fio");
        try (Served served = served()) {
            Tools.run(
                    "fio",
                    "--name=mixed",
                    "--ioengine=nbd",
                    "--uri=" + served.uri(),
                    "--rw=randwrite",
                    "--bsrange=512-2m",
                    "--size=48m",
                    "--iodepth=16",
                    "--verify=crc32c",
                    "--verify_state_save=0",
                    "--verify_fatal=1");
        }
    }

    @Test
    void clientsWithoutTlsOrWithoutACertificateAreNotServed() throws Exception {
        Tools.require("nbdinfo", "openssl");
        authority();
        certificate("server");
        certificate("client");
        Path trusted = Files.createDirectory(directory.resolve("trusted"));
        Path stranger = Files.createDirectory(directory.resolve("stranger"));
        Files.copy(pem("ca", "cert"), trusted.resolve("ca-cert.pem"));
        Files.copy(pem("ca", "cert"), stranger.resolve("ca-cert.pem"));
        Files.copy(pem("client", "cert"), trusted.resolve("client-cert.pem"));
        Files.copy(pem("client", "key"), trusted.resolve("client-key.pem"));
        Tls tls = Tls.of(pem("server", "cert"), pem("server", "key"), pem("ca", "cert"));
        try (Served served = new Served("localhost:0", tls)) {
            assertThat(served.uri()).startsWith("nbds://localhost:");
            String info = Tools.run("nbdinfo", served.uri() + "?tls-certificates=" + trusted);
            assertThat(info).contains("newstyle-fixed with TLS").contains("export-size: 67108864");
            Path content = randomFile(5 * MIB);
            Path back = directory.resolve("back");
            String uri = served.uri() + "?tls-certificates=" + trusted;
            Tools.run("nbdcopy", content.toString(), uri);
            Tools.run("nbdcopy", uri, back.toString());
            assertThat(Files.mismatch(content, back)).isEqualTo(5 * MIB);

            assertRefused(served.uri() + "?tls-certificates=" + stranger);
            assertRefused(served.uri().replace("nbds:", "nbd:"));
        }
    }

    private static void assertRefused(String uri) {
        assertThat(Tools.tryRun(Map.of(), "nbdinfo", uri).exitCode()).isNotZero();
    }

    private Path pem(String name, String kind) {
        return directory.resolve(name + "-" + kind + ".pem");
    }

    private void authority() {
        request("ca");
    }

    private void certificate(String name) {
        request(
                name,
                "-CA",
                pem("ca", "cert").toString(),
                "-CAkey",
                pem("ca", "key").toString(),
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-addext",
                "subjectAltName=DNS:localhost");
    }

    private void request(String name, String... more) {
        List<String> command =
                new ArrayList<>(
                        List.of("openssl", "req", "-x509", "-nodes", "-days", "2", "-newkey"));
        command.addAll(List.of("ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"));
        command.addAll(List.of("-subj", "/CN=" + name));
        command.addAll(List.of("-keyout", pem(name, "key").toString()));
        command.addAll(List.of("-out", pem(name, "cert").toString()));
        command.addAll(List.of(more));
        Tools.run(command.toArray(String[]::new));
    }
}
