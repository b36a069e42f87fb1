// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.lunlock.iscsi.testkit.Await;
import org.lunlock.iscsi.testkit.Tgt;

/**
 * One round after the other, in each of which all hosts want the volume for an rsync of their own
 * and one thing goes wrong while one of them has it.
 */
final class Chaos {
    static final Duration TERM = Duration.ofSeconds(3);

    /** The lock server's lease, then a term at the target, then time to make use of it. */
    private static final Duration PAST_TERM = TERM.multipliedBy(3);

    private static final Duration SHORT = Duration.ofSeconds(1);

    /** Kilobytes a second: a tree takes longer than it takes to find out who has the volume. */
    private static final int RATE = 700;

    /** It takes some seconds, so that what is to lose the lock never comes too late. */
    private static final int RATE_OF_THE_LOST = 200;

    private static final Duration MOUNTED_WITHIN = Duration.ofSeconds(90);
    private static final Duration ENDED_WITHIN = Duration.ofMinutes(3);

    /** What goes wrong; the first ones are those that a lock without fencing does not survive. */
    enum Fault {
        HOST_PAUSED_PAST_TERM(true),
        HOST_CUT_OFF_PAST_TERM(true),
        TARGET_RESTARTED,
        SERVER_DISK_FULL,
        HOST_KILLED,
        SERVER_KILLED,
        HOST_CUT_OFF_BRIEFLY,
        TARGET_CUT_OFF,
        COMMAND_LINE_KILLED,
        CONNECTIONS_DROPPED,
        HOST_PAUSED_BRIEFLY,
        SERVER_PAUSED;

        /** Whether it lasts until another host has taken the volume over. */
        final boolean losesTheLock;

        Fault() {
            this(false);
        }

        Fault(boolean losesTheLock) {
            this.losesTheLock = losesTheLock;
        }

        static List<Fault> thatLoseTheLock() {
            return Arrays.stream(values()).filter(it -> it.losesTheLock).toList();
        }
    }

    private final Network network;
    private final Tgt target;
    private final ChaosServer server;
    private final List<? extends Contender> hosts;
    private final SourceTrees sources;
    private final SplittableRandom random;
    private final List<String> acknowledged = new ArrayList<>();
    private final List<Round> rounds = new ArrayList<>();

    /** What a round was, and how the runs of the hosts ended. */
    record Round(int number, Fault fault, String victim, Map<String, Integer> exits) {
        int victimExit() {
            return Objects.requireNonNull(exits.get(victim));
        }

        @Override
        public String toString() {
            return "round %d: %s of %s: exits %s".formatted(number, fault, victim, exits);
        }
    }

    Chaos(
            Network network,
            Tgt target,
            ChaosServer server,
            List<? extends Contender> hosts,
            SourceTrees sources,
            long seed) {
        this.network = network;
        this.target = target;
        this.server = server;
        this.hosts = hosts;
        this.sources = sources;
        this.random = new SplittableRandom(seed);
    }

    /** The trees whose run ended with 0: they must be on the volume. */
    List<String> acknowledged() {
        return acknowledged;
    }

    List<Round> rounds() {
        return rounds;
    }

    /** Each fault once, then again in another order. */
    static List<Fault> schedule(int rounds, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Fault> schedule = new ArrayList<>();
        List<Fault> all = new ArrayList<>(List.of(Fault.values()));
        while (schedule.size() < rounds) {
            schedule.addAll(all);
            for (int i = all.size() - 1; i > 0; i--) {
                all.add(all.remove(random.nextInt(i + 1)));
            }
        }
        return schedule.subList(0, rounds);
    }

    void round(int number, Fault fault) throws Exception {
        int rate = fault.losesTheLock ? RATE_OF_THE_LOST : RATE;
        List<String> names = new ArrayList<>();
        List<TestHost.Run> runs = new ArrayList<>();
        for (Contender host : hosts) {
            host.prepare(); // all of them first: who starts early must not be done too early
        }
        for (Contender host : hosts) {
            String tree = "r%03d-%s".formatted(number, host.name());
            names.add(tree);
            String from = sources.create(tree).toString();
            runs.add(
                    host.start(
                            "rsync -a --bwlimit=%d %s/ {}/%s/ && echo $LUNLOCK_TOKEN %s >> {}/holders"
                                    .formatted(rate, from, tree, tree)));
        }
        Contender victim = awaitHolder(runs);
        pause(Duration.ofMillis(random.nextInt(100, 900)));
        strike(fault, victim, runs.get(hosts.indexOf(victim)));
        Map<String, Integer> exits = new LinkedHashMap<>();
        for (int i = 0; i < runs.size(); i++) {
            int exit = runs.get(i).exitWithin(ENDED_WITHIN);
            exits.put(hosts.get(i).name(), exit);
            if (exit == 0) {
                acknowledged.add(names.get(i));
            }
        }
        rounds.add(new Round(number, fault, victim.name(), exits));
    }

    /** Whoever has the volume mounted; the first one when all were too quick. */
    private Contender awaitHolder(List<TestHost.Run> runs) {
        List<Contender> holders = new ArrayList<>();
        Await.until(
                "somebody has the volume",
                MOUNTED_WITHIN,
                () -> {
                    hosts.stream().filter(Chaos::isMounted).forEach(holders::add);
                    return !holders.isEmpty() || runs.stream().noneMatch(TestHost.Run::isRunning);
                });
        return holders.isEmpty() ? hosts.getFirst() : holders.getFirst();
    }

    /** Until another host has taken over, and has written, too. */
    private void awaitAnother(Contender victim) throws InterruptedException {
        Await.until(
                "a host other than " + victim.name() + " has the volume",
                MOUNTED_WITHIN,
                () -> hosts.stream().anyMatch(it -> !it.equals(victim) && isMounted(it)));
        pause(SHORT);
    }

    private static boolean isMounted(Contender host) {
        try {
            return host.isMounted();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private void strike(Fault fault, Contender victim, TestHost.Run run) throws Exception {
        switch (fault) {
            case HOST_PAUSED_PAST_TERM -> {
                victim.pause();
                awaitAnother(victim);
                victim.resume();
            }
            case HOST_PAUSED_BRIEFLY -> {
                victim.pause();
                pause(SHORT);
                victim.resume();
            }
            case HOST_CUT_OFF_PAST_TERM -> {
                network.cut(victim.name());
                awaitAnother(victim);
                network.heal(victim.name());
            }
            case HOST_CUT_OFF_BRIEFLY -> cutOff(victim.name());
            case HOST_KILLED -> victim.kill();
            case COMMAND_LINE_KILLED -> run.kill();
            case TARGET_CUT_OFF -> cutOff(ChaosIT.TARGET);
            case TARGET_RESTARTED -> {
                target.kill();
                pause(SHORT);
                target.restart();
            }
            case CONNECTIONS_DROPPED -> target.dropConnections();
            case SERVER_KILLED -> {
                server.kill();
                pause(SHORT);
                server.restore();
            }
            case SERVER_PAUSED -> {
                server.pause();
                pause(PAST_TERM);
                server.resume();
            }
            case SERVER_DISK_FULL -> {
                server.fillDisk();
                pause(PAST_TERM);
                server.restore();
            }
        }
    }

    private void cutOff(String machine) throws InterruptedException {
        network.cut(machine);
        pause(SHORT);
        network.heal(machine);
    }

    /** The fault itself takes this long. */
    private static void pause(Duration time) throws InterruptedException {
        Thread.sleep(time);
    }
}
