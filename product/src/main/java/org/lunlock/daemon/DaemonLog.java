// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.logging.ErrorManager;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;

/**
 * The daemon's log: a line for each record, with its time in UTC, in a file of mode 0600 that is
 * kept small by keeping one older one. Behind {@link System.Logger} of every package.
 */
final class DaemonLog extends Handler {
    /** Some 80 000 lines; the file before it, {@code daemon.log.1}, has as many. */
    private static final long FILE_BYTES_MAX = 8L * 1024 * 1024;

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    /** Held, because a logger that nobody holds forgets its level. */
    private static final Logger OURS = Logger.getLogger("org.lunlock");

    private final Path file;
    private final boolean alsoToStandardError;
    private FileChannel channel;

    private DaemonLog(Path file, boolean alsoToStandardError) throws IOException {
        this.file = file;
        this.alsoToStandardError = alsoToStandardError;
        this.channel = open(file);
        setFormatter(new SimpleFormatter()); // only for its messages with parameters
    }

    /** Sends everything that is logged from now on to the file, and nothing elsewhere. */
    static void install(Path file, boolean alsoToStandardError, boolean verbose)
            throws IOException {
        LogManager.getLogManager().reset();
        Logger root = Logger.getLogger("");
        root.addHandler(new DaemonLog(file, alsoToStandardError));
        root.setLevel(Level.INFO);
        OURS.setLevel(verbose ? Level.FINE : Level.INFO);
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }

    @Override
    public synchronized void publish(LogRecord record) {
        if (!isLoggable(record)) {
            return;
        }
        String line = line(record);
        if (alsoToStandardError) {
            System.err.print(line);
        }
        try {
            if (channel.size() > FILE_BYTES_MAX) {
                startAnew();
            }
            channel.write(ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
            reportError(null, e, ErrorManager.WRITE_FAILURE);
        }
    }

    private void startAnew() throws IOException {
        channel.close();
        Files.move(
                file,
                file.resolveSibling(file.getFileName() + ".1"),
                StandardCopyOption.REPLACE_EXISTING);
        channel = open(file);
    }

    private String line(LogRecord record) {
        String name = String.valueOf(record.getLoggerName());
        StringWriter line = new StringWriter();
        line.append(TIME.format(record.getInstant()))
                .append(' ')
                .append(level(record.getLevel()))
                .append(' ')
                .append(name.substring(name.lastIndexOf('.') + 1))
                .append(' ')
                // what a peer or a user gave must not look like a line of its own
                .append(getFormatter().formatMessage(record).replaceAll("\\p{Cntrl}", "?"))
                .append('\n');
        if (record.getThrown() != null) {
            record.getThrown().printStackTrace(new PrintWriter(line, true));
        }
        return line.toString();
    }

    private static String level(Level level) {
        if (level.intValue() >= Level.SEVERE.intValue()) {
            return "ERROR";
        }
        if (level.intValue() >= Level.WARNING.intValue()) {
            return "WARN ";
        }
        return level.intValue() >= Level.INFO.intValue() ? "INFO " : "DEBUG";
    }

    @Override
    public void flush() {
        // every line is written at once
    }

    @Override
    public synchronized void close() {
        try {
            channel.close();
        } catch (IOException e) {
            reportError(null, e, ErrorManager.CLOSE_FAILURE);
        }
    }
}
