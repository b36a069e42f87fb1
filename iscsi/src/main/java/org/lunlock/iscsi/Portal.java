// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi;

/**
 * Where a target listens: a host name or address, and a TCP port. RFC 7143 §2.2 (Definitions).
 *
 * @param host a name, an IPv4 address or an IPv6 address without brackets
 * @param port 1..65535
 */
public record Portal(String host, int port) {
    /** The port IANA gave to iSCSI targets. */
    public static final int DEFAULT_PORT = 3260;

    public Portal {
        if (host.isEmpty()) {
            throw new IllegalArgumentException("a portal needs a host");
        }
        if (port < 1 || port > 65535) {
            throw new IllegalArgumentException("port " + port + " is not in 1..65535");
        }
    }

    /**
     * Reads {@code host}, {@code host:port}, {@code [v6]}, {@code [v6]:port} or a bare IPv6
     * address.
     *
     * @throws IllegalArgumentException saying what is wrong with the text
     */
    public static Portal parse(String text) {
        return parse(text, DEFAULT_PORT);
    }

    /** As {@link #parse(String)}, for a service whose port is another one. */
    public static Portal parse(String text, int defaultPort) {
        if (text.startsWith("[")) {
            int close = text.indexOf(']');
            if (close < 0) {
                throw new IllegalArgumentException("'" + text + "' has no closing bracket");
            }
            String rest = text.substring(close + 1);
            if (rest.isEmpty()) {
                return new Portal(text.substring(1, close), defaultPort);
            }
            if (!rest.startsWith(":")) {
                throw new IllegalArgumentException("'" + rest + "' after ']' is not a port");
            }
            return new Portal(text.substring(1, close), port(rest.substring(1)));
        }
        int colon = text.indexOf(':');
        boolean bareIpv6 = colon >= 0 && text.indexOf(':', colon + 1) >= 0;
        if (colon < 0 || bareIpv6) {
            return new Portal(text, defaultPort);
        }
        return new Portal(text.substring(0, colon), port(text.substring(colon + 1)));
    }

    private static int port(String digits) {
        try {
            return Integer.parseInt(digits);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("'" + digits + "' is not a port", e);
        }
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
