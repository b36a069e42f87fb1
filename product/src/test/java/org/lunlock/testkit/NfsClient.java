// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lunlock.iscsi.testkit.Tools;

/** libnfs on the one file of an export, driven by Python, which has no module for it. */
public final class NfsClient {
    private NfsClient() {}

    /** Skips the test where it cannot run. */
    public static void require() {
        Tools.require("nfs-ls", "python3");
    }

    /**
     * Runs a script that finds {@code pwrite(data, offset)}, {@code pread(length, offset)} and
     * {@code fsync()} for the file that the URL names, which is closed in the end. A connection
     * that is lost ends it.
     *
     * @param arguments {@code sys.argv[2:]}
     */
    public static void run(Duration within, String url, String script, String... arguments) {
        Tools.Ended ended = tryRun(within, url, script, arguments);
        if (ended.exitCode() != 0) {
            throw new AssertionError("libnfs: " + ended.output());
        }
    }

    /** The same, for whoever judges the end himself. */
    public static Tools.Ended tryRun(
            Duration within, String url, String script, String... arguments) {
        List<String> command =
                new ArrayList<>(
                        List.of("python3", "-c", OPEN + script + "\ncheck(close())\n", url));
        command.addAll(List.of(arguments));
        // the system's Python: libnfs is the system's
        return Tools.tryRun(
                Map.of("PATH", "/usr/bin:/bin"), within, command.toArray(String[]::new));
    }

    /** Writes blocks of mixed sizes in random order at a rate, or reads them all and compares. */
    public static final String MIXED_BLOCKS =
            """
            import random, time
            mode, start, size, rate = sys.argv[2], *(int(word) for word in sys.argv[3:6])
            order = random.Random(start)
            blocks, at = [], start
            while at < start + size:
                length = min(512 * order.randint(1, 2048), start + size - at)
                blocks.append((at, length))
                at += length
            order.shuffle(blocks)
            began, moved = time.monotonic(), 0
            for at, length in blocks:
                data = random.Random(at).randbytes(length)
                if mode == "write":
                    pwrite(data, at)
                elif pread(length, at) != data:
                    sys.exit("wrong bytes in %d at %d" % (length, at))
                moved += length
                ahead = moved / rate - (time.monotonic() - began) if rate else 0
                if ahead > 0:
                    time.sleep(ahead)
            fsync()
            """;

    private static final String OPEN =
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
            nfs.nfs_set_autoreconnect.argtypes = [ptr, ctypes.c_int]
            nfs.nfs_mount.argtypes = [ptr, ctypes.c_char_p, ctypes.c_char_p]
            nfs.nfs_open.argtypes = [ptr, ctypes.c_char_p, ctypes.c_int, ctypes.POINTER(ptr)]
            nfs.nfs_pwrite.argtypes = [ptr, ptr, u64, u64, ctypes.c_char_p]
            nfs.nfs_pread.argtypes = [ptr, ptr, u64, u64, ctypes.c_char_p]
            nfs.nfs_fsync.argtypes = [ptr, ptr]
            nfs.nfs_close.argtypes = [ptr, ptr]
            nfs.nfs_get_error.argtypes = [ptr]
            nfs.nfs_get_error.restype = ctypes.c_char_p
            context = nfs.nfs_init_context()
            def check(result):
                if result < 0:
                    sys.exit(str(nfs.nfs_get_error(context)))
                return result
            url = nfs.nfs_parse_url_full(context, sys.argv[1].encode()).contents
            nfs.nfs_set_autoreconnect(context, 0)
            check(nfs.nfs_mount(context, url.server, url.path))
            file = ptr()
            check(nfs.nfs_open(context, url.file, os.O_RDWR, ctypes.byref(file)))
            def pwrite(data, offset):
                at = 0
                while at < len(data):
                    part = data[at:]
                    at += check(nfs.nfs_pwrite(context, file, offset + at, len(part), part))
            def pread(length, offset):
                data = b""
                while len(data) < length:
                    buffer = ctypes.create_string_buffer(length - len(data))
                    n = check(nfs.nfs_pread(context, file, offset + len(data), len(buffer), buffer))
                    if n == 0:
                        break
                    data += buffer.raw[:n]
                return data
            def fsync():
                check(nfs.nfs_fsync(context, file))
            def close():
                return nfs.nfs_close(context, file)
            """;
}
