// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.nbd;

import java.nio.file.Path;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

/** Where an export listens. */
public sealed interface NbdAddress {

    /** A socket in the file system: whoever may write to it may use the export. */
    record Unix(Path path) implements NbdAddress {}

    /** A TCP port; 0 lets the operating system choose. */
    record Tcp(String host, int port) implements NbdAddress {}

    /** The port that was registered for NBD. */
    int DEFAULT_PORT = 10809;

    /**
     * Reads {@code unix:PATH} or {@code HOST[:PORT]}.
     *
     * @throws LunlockException (USAGE) when it is neither
     */
    static NbdAddress parse(String text) throws LunlockException {
        if (text.startsWith("unix:") && text.length() > "unix:".length()) {
            return new Unix(Path.of(text.substring("unix:".length())).toAbsolutePath());
        }
        int colon = text.lastIndexOf(':');
        boolean portGiven = colon >= 0 && text.indexOf(']', colon) < 0;
        String host = portGiven ? text.substring(0, colon) : text;
        String port = portGiven ? text.substring(colon + 1) : Integer.toString(DEFAULT_PORT);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        }
        if (host.isEmpty() || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > 0xffff) {
            throw new LunlockException(
                    ExitCode.USAGE,
                    "'%s' is no address for an export: use unix:PATH or HOST:PORT".formatted(text));
        }
        return new Tcp(host, Integer.parseInt(port));
    }
}
