// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.lunlock.iscsi.Portal;

/** How a {@link Vm} and this machine reach each other. */
sealed interface VmNetwork {
    /** Where a server in the machine listens that is reached from here. */
    int PORT_INSIDE = Portal.DEFAULT_PORT;

    /** What QEMU needs to know beside its options. */
    Map<String, String> environment();

    /** QEMU's option {@code -netdev}, with {@code net} for a name. */
    String netdev();

    /** What gives the machine its address: a shell script for it. */
    String setUp();

    /** The server in the machine, seen from here. */
    Portal portal();

    /** The server in the machine, seen from there. */
    Portal portalInside();

    /** A tap device where one can be made here, else the user network. */
    static VmNetwork choose(Path tapScript, Path number) throws IOException {
        Tools.Ended rehearsal =
                Tools.tryRun(
                        Map.of(Tap.NUMBER, "/dev/null"),
                        "unshare",
                        "--net",
                        tapScript.toString(),
                        "rehearse");
        if (rehearsal.exitCode() == 0) {
            return new Tap(tapScript, number);
        }
        System.getLogger(VmNetwork.class.getName())
                .log(
                        Level.WARNING,
                        "no tap device ({0}): the machine is reached by the user network of QEMU",
                        rehearsal.output().strip());
        return new User(Ports.bindAny(free -> new ServerSocket(free).close()));
    }

    /**
     * A tap device, which takes root: QEMU makes it, and it is gone with QEMU. The kernel numbers
     * it, so that every machine has a network of its own, in a range that is set aside for tests of
     * devices: RFC 2544 appendix C.2.2.
     *
     * @param script the program {@code vm-tap}
     * @param number the file where that leaves the number
     */
    record Tap(Path script, Path number) implements VmNetwork {
        private static final String NUMBER = "VM_TAP";

        @Override
        public Map<String, String> environment() {
            return Map.of(NUMBER, number.toString());
        }

        @Override
        public String netdev() {
            return "tap,id=net,ifname=lunlock%%d,script=%s,downscript=no".formatted(script);
        }

        @Override
        public String setUp() {
            return """
            set -e
            ip address add %s/30 dev eth0
            ip route add %s via %s
            """
                    .formatted(address(2), Vm.HOST, address(1));
        }

        @Override
        public Portal portal() {
            return portalInside();
        }

        @Override
        public Portal portalInside() {
            return new Portal(address(2), PORT_INSIDE);
        }

        private String address(int end) {
            try {
                return "198.18.%s.%d".formatted(Files.readString(number).strip(), end);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /**
     * QEMU's user network, which needs no rights. It is nothing for long tests: an assertion of
     * libslirp 4.7.0 (Debian 12) ends QEMU after some ten minutes of connections that are cut.
     *
     * @param port of this machine's loopback, which is forwarded
     */
    record User(int port) implements VmNetwork {
        private static final String ADDRESS = "10.0.2.15";

        @Override
        public Map<String, String> environment() {
            return Map.of();
        }

        @Override
        public String netdev() {
            return "user,id=net,ipv6=off,host=%s,hostfwd=tcp:127.0.0.1:%d-%s:%d"
                    .formatted(Vm.HOST, port, ADDRESS, PORT_INSIDE);
        }

        @Override
        public String setUp() {
            return "ip address add " + ADDRESS + "/24 dev eth0";
        }

        @Override
        public Portal portal() {
            return new Portal("127.0.0.1", port);
        }

        @Override
        public Portal portalInside() {
            return new Portal(ADDRESS, PORT_INSIDE);
        }
    }
}
