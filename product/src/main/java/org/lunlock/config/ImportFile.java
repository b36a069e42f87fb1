// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;
import org.lunlock.iscsi.IscsiUrl;
import org.lunlock.iscsi.Lun;

/**
 * A file in which others have written down their targets: node records of open-iscsi, which are the
 * files below /etc/iscsi/nodes and what {@code iscsiadm -m node -S -o show} prints, or iSCSI URLs,
 * one in each line. Lines that begin with # are comments.
 */
public final class ImportFile {
    private static final String URL = "iscsi://";
    private static final String BEGIN_RECORD = "# BEGIN RECORD";
    private static final String END_RECORD = "# END RECORD";

    private final Path file;
    private final Lun lun;
    private final List<ImportedVolume> volumes = new ArrayList<>();
    private @Nullable NodeRecord record;

    private ImportFile(Path file, Lun lun) {
        this.file = file;
        this.lun = lun;
    }

    /**
     * Reads a file, or all files below a directory.
     *
     * @param lun of the volumes that node records name: these know targets only
     * @throws LunlockException (DATA) naming the file and the line that is nothing of this kind, or
     *     cannot be used, or the file that cannot be read or has no volume
     */
    public static List<ImportedVolume> read(Path path, Lun lun) throws LunlockException {
        List<ImportedVolume> all = new ArrayList<>();
        for (Path file : files(path)) {
            all.addAll(new ImportFile(file, lun).read());
        }
        if (all.isEmpty()) {
            throw new LunlockException(
                    ExitCode.DATA,
                    "no node records of open-iscsi and no iSCSI URLs (%s): check that it is this file"
                            .formatted(path));
        }
        return all;
    }

    private static List<Path> files(Path path) throws LunlockException {
        try (Stream<Path> below = Files.walk(path.toRealPath())) {
            return below.filter(it -> !Files.isDirectory(it)).sorted().toList();
        } catch (UncheckedIOException e) {
            throw unreadable(path, Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw unreadable(path, e);
        }
    }

    private List<ImportedVolume> read() throws LunlockException {
        int number = 0;
        for (String line : text().lines().toList()) {
            number++;
            try {
                take(line.strip(), number);
            } catch (IllegalArgumentException e) {
                throw wrong(number, String.valueOf(e.getMessage()), e);
            }
        }
        endRecord();
        return volumes;
    }

    private void take(String line, int number) throws LunlockException {
        if (line.startsWith(BEGIN_RECORD) || line.startsWith(END_RECORD)) {
            endRecord();
        } else if (line.startsWith(URL)) {
            volumes.add(ImportedVolume.of(IscsiUrl.parse(line), line));
        } else if (!line.isEmpty() && !line.startsWith("#")) {
            NodeRecord open = record == null ? new NodeRecord(number) : record;
            record = open;
            open.add(line);
        }
    }

    private void endRecord() throws LunlockException {
        NodeRecord ended = record;
        record = null;
        if (ended != null) {
            try {
                volumes.add(ended.volume(lun));
            } catch (IllegalArgumentException e) {
                throw wrong(ended.line(), String.valueOf(e.getMessage()), e);
            }
        }
    }

    private LunlockException wrong(int line, String what, IllegalArgumentException cause) {
        return new LunlockException(
                ExitCode.DATA,
                "%s (%s:%d): correct it, or leave it out".formatted(what, file, line),
                cause);
    }

    private String text() throws LunlockException {
        try {
            if (!Files.isRegularFile(file)) { // a FIFO would be waited for
                throw new IOException("not a regular file");
            }
            try (InputStream in = Files.newInputStream(file)) {
                byte[] content = in.readNBytes(Configuration.FILE_BYTES_MAX + 1);
                if (content.length > Configuration.FILE_BYTES_MAX) {
                    throw new IOException("larger than " + Configuration.FILE_BYTES_MAX + " bytes");
                }
                return StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(content))
                        .toString();
            }
        } catch (CharacterCodingException e) {
            throw unreadable(file, new IOException("not UTF-8", e));
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static LunlockException unreadable(Path path, IOException e) {
        return new LunlockException(
                ExitCode.DATA,
                "nothing can be read (%s): %s".formatted(path, PrivateFile.reason(e)),
                e);
    }
}
