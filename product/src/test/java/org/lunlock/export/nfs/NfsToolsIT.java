// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nfs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.iscsi.testkit.Tgt;
import org.lunlock.iscsi.testkit.Tools;
import org.lunlock.testkit.TgtDevice;

/** What libnfs says of a real logical unit. */
@Timeout(120)
class NfsToolsIT {
    private static final int MIB = 1 << 20;

    @TempDir Path directory;

    @Test
    void libnfsReadsWhatIsThereAndWritesWhatStays() throws Exception {
        Tools.require("nfs-ls", "nfs-cp", "python3");
        byte[] content = new byte[16 * MIB];
        new Random(4).nextBytes(content);
        try (TgtDevice lun = new TgtDevice(Tgt.Disk.ofMebibytes(16));
                NfsExport export = new NfsExport("v", lun.device(), () -> 0)) {
            lun.device().write(0, ByteBuffer.wrap(content));
            String list = export.url().replace("/" + Tree.FILE_NAME + "?", "?");
            assertThat(Tools.run("nfs-ls", list)).contains("16777216 disk");
            Path copy = directory.resolve("copy");
            Tools.run("nfs-cp", export.url(), copy.toString());
            assertThat(Files.readAllBytes(copy)).isEqualTo(content);

            Tools.run(Map.of("PATH", "/usr/bin:/bin"), "python3", "-c", WRITER, export.url());
            byte[] written = new byte[3 * MIB];
            for (int i = 0; i < written.length; i++) {
                written[i] = (byte) (i % 251);
            }
            System.arraycopy(written, 0, content, 1001, written.length);
            ByteBuffer back = ByteBuffer.allocateDirect(content.length);
            lun.device().read(0, back);
            assertThat(back.clear().mismatch(ByteBuffer.wrap(content))).isEqualTo(-1);
        }
    }

    /** Writes three mebibytes at 1001, and fsyncs. */
    private static final String WRITER =
            """
            import ctypes, os, sys
            nfs = ctypes.CDLL("libnfs.so.13")
            class Url(ctypes.Structure):
                _fields_ = [("server", ctypes.c_char_p), ("path", ctypes.c_char_p),
                            ("file", ctypes.c_char_p)]
            u64, ptr = ctypes.c_uint64, ctypes.c_void_p
            nfs.nfs_init_context.restype = ptr
            nfs.nfs_parse_url_full.restype = ctypes.POINTER(Url)
            nfs.nfs_parse_url_full.argtypes = [ptr, ctypes.c_char_p]
            nfs.nfs_mount.argtypes = [ptr, ctypes.c_char_p, ctypes.c_char_p]
            nfs.nfs_open.argtypes = [ptr, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ptr)]
            nfs.nfs_pwrite.argtypes = [ptr, ptr, u64, u64, ctypes.c_char_p]
            nfs.nfs_fsync.argtypes = [ptr, ptr]
            nfs.nfs_close.argtypes = [ptr, ptr]
            nfs.nfs_get_error.argtypes = [ptr]
            nfs.nfs_get_error.restype = ctypes.c_char_p
            context = nfs.nfs_init_context()
            def check(result):
                if result < 0:
                    sys.exit(nfs.nfs_get_error(context).decode())
                return result
            url = nfs.nfs_parse_url_full(context, sys.argv[1].encode()).contents
            check(nfs.nfs_mount(context, url.server, url.path))
            file = ptr()
            check(nfs.nfs_open(context, url.file, os.O_RDWR, ctypes.byref(file)))
            data = bytes(i % 251 for i in range(3 << 20))
            at = 0
            while at < len(data):
                part = data[at:at + 700001]
                at += check(nfs.nfs_pwrite(context, file, 1001 + at, len(part), part))
            check(nfs.nfs_fsync(context, file))
            check(nfs.nfs_close(context, file))
            """;
}
