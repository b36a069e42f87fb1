// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.util.ArrayList;
import java.util.List;
import org.lunlock.iscsi.testkit.Tools;

/**
 * Machines on one switch that leads nowhere else: network namespaces with a bridge between them.
 * What they mount is mounted for all, as on one machine.
 */
final class Network implements AutoCloseable {
    private static final String SWITCH = "switch";

    private final String prefix = "lunlock-" + ProcessHandle.current().pid() + "-";
    private final List<String> machines;
    private final List<String> namespaces = new ArrayList<>();

    /** Skips the test where there is no ip. */
    Network(List<String> machines) {
        Tools.require("ip", "nsenter");
        this.machines = List.copyOf(machines);
        boolean complete = false;
        try {
            add(SWITCH);
            ip(SWITCH, "link add name bridge0 type bridge");
            ip(SWITCH, "link set dev bridge0 up");
            machines.forEach(this::connect);
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private void connect(String machine) {
        add(machine);
        ip(
                machine,
                "link add name eth0 type veth peer name %s netns %s%s"
                        .formatted(port(machine), prefix, SWITCH));
        ip(machine, "addr add %s/24 dev eth0".formatted(address(machine)));
        ip(machine, "link set dev eth0 up");
        ip(machine, "link set dev lo up");
        ip(SWITCH, "link set dev %s master bridge0 up".formatted(port(machine)));
    }

    private static String port(String machine) {
        return "to-" + machine;
    }

    private void add(String name) {
        Tools.run("ip", "netns", "add", prefix + name);
        namespaces.add(prefix + name);
    }

    private void ip(String where, String words) {
        List<String> command = new ArrayList<>(on(where)); // ip -n would want to mount things
        command.add("ip");
        command.addAll(List.of(words.split(" ", -1)));
        Tools.run(command.toArray(String[]::new));
    }

    String address(String machine) {
        return "10.77.0.%d".formatted(1 + machines.indexOf(machine));
    }

    /** The words before a program that make it run there. */
    List<String> on(String machine) {
        return List.of("nsenter", "--net=/run/netns/" + prefix + machine, "--");
    }

    /** Pulls the plug at the switch: nobody hears of it. */
    void cut(String machine) {
        ip(SWITCH, "link set dev %s down".formatted(port(machine)));
    }

    void heal(String machine) {
        ip(SWITCH, "link set dev %s up".formatted(port(machine)));
    }

    @Override
    public void close() {
        namespaces.reversed().forEach(name -> Tools.run("ip", "netns", "del", name));
        namespaces.clear();
    }
}
