// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lunlock.lock.Observation.Reservation;

/**
 * One logical unit with the persistent reservations of SPC-4, as they were measured on tgt 1.0.85
 * and on LIO of Linux 6.1. Single-threaded; time is the caller's.
 */
final class SimulatedTarget {

    /** What targets differ in. */
    enum Flavour {
        /** tgt 1.0.85. */
        TGT(true, false, false),
        /** LIO with its directory for APTPL. */
        LIO(false, true, true),
        /** LIO that cannot write its directory: APTPL is refused. */
        LIO_WITHOUT_DIRECTORY(false, true, false);

        /** A new login of the same initiator is somebody else; its tasks outlive the old one. */
        final boolean forgetsLogins;

        final boolean aborts;
        final boolean persists;

        Flavour(boolean forgetsLogins, boolean aborts, boolean persists) {
            this.forgetsLogins = forgetsLogins;
            this.aborts = aborts;
            this.persists = persists;
        }
    }

    /** An initiator's session. */
    record Nexus(int initiator, int login) {}

    /** A write that was let in, and is on its way to the medium. */
    record Task(Nexus nexus, Runnable land) {}

    private static final class Registration {
        final Nexus nexus;
        LeaseKey key;

        Registration(Nexus nexus, LeaseKey key) {
            this.nexus = nexus;
            this.key = key;
        }
    }

    private final Flavour flavour;
    private final Map<Integer, Integer> logins = new HashMap<>();
    private final Map<Nexus, List<String>> attentions = new HashMap<>();
    private final Set<Task> tasks = new HashSet<>();
    private List<Registration> registrations = new ArrayList<>();
    private @Nullable Registration holder;
    private boolean kept;
    private long generation;
    private int lastLogin;

    SimulatedTarget(Flavour flavour) {
        this.flavour = flavour;
    }

    /** Session reinstatement: the initiator's older session is gone. */
    Nexus login(int initiator) {
        logins.put(initiator, ++lastLogin);
        Nexus nexus = new Nexus(initiator, flavour.forgetsLogins ? lastLogin : 0);
        attentions.keySet().removeIf(old -> old.initiator() == initiator);
        attend(nexus, "29/00");
        if (!flavour.forgetsLogins) {
            landAll(task -> task.nexus().equals(nexus)); // LIO waits for the old session's tasks
        }
        return new Nexus(initiator, lastLogin);
    }

    boolean isLoggedIn(Nexus session) {
        return Integer.valueOf(session.login()).equals(logins.get(session.initiator()));
    }

    /** Stops and starts: sessions and tasks are gone, reservations too unless APTPL kept them. */
    void restart() {
        logins.clear();
        attentions.clear();
        tasks.clear();
        if (!kept) {
            registrations = new ArrayList<>();
            holder = null;
        }
        generation = registrations.size();
    }

    // ---- PERSISTENT RESERVE IN and OUT ----

    /** READ KEYS: PRGENERATION and keys; the reservation is not looked at. */
    Observation readKeys() {
        return new Observation(generation, keys(), null);
    }

    Observation observe() {
        Registration held = holder;
        Reservation reservation =
                held == null ? null : new Reservation(held.key, Observation.EXCLUSIVE_ACCESS);
        return new Observation(generation, keys(), reservation);
    }

    Outcome execute(Nexus session, Command command) {
        Nexus nexus = nexus(session);
        List<String> pending = attentions.getOrDefault(nexus, new ArrayList<>());
        if (command instanceof Command.Observe) {
            pending.clear(); // whoever observes repeats until there are none
            return new Outcome.Observed(observe());
        }
        if (command instanceof Command.ResetLogicalUnit) {
            landAll(_ -> flavour.forgetsLogins); // tgt waits for them
            tasks.clear();
            logins.forEach(
                    (initiator, login) -> attend(nexus(new Nexus(initiator, login)), "29/03"));
            return new Outcome.Good();
        }
        if (!pending.isEmpty()) {
            return attention(pending.removeFirst());
        }
        return switch (command) {
            case Command.Register register -> register(nexus, register);
            case Command.RegisterAnyway register ->
                    registerAnyway(nexus, register.to(), register.persist());
            case Command.Reserve reserve -> reserve(nexus, reserve.own());
            case Command.Release release -> release(nexus, release.own());
            case Command.Preempt preempt -> preempt(nexus, preempt);
            case Command.Observe _, Command.ResetLogicalUnit _ -> throw new IllegalStateException();
        };
    }

    private Outcome register(Nexus nexus, Command.Register register) {
        Registration mine = registration(nexus);
        LeaseKey current = mine == null ? LeaseKey.NONE : mine.key;
        return current.equals(register.from())
                ? registerAnyway(nexus, register.to(), register.persist())
                : new Outcome.Conflict();
    }

    private Outcome registerAnyway(Nexus nexus, LeaseKey to, boolean persist) {
        if (persist && !flavour.persists) {
            return new Outcome.Refused(flavour.forgetsLogins ? "05/24/00" : "02/08/00");
        }
        Registration mine = registration(nexus);
        generation++;
        kept = persist;
        if (to.equals(LeaseKey.NONE)) {
            registrations.remove(mine);
            if (mine != null && mine == holder) {
                holder = null;
                registrations.forEach(other -> attend(other.nexus, "2A/04"));
            }
        } else if (mine == null) {
            registrations.add(new Registration(nexus, to));
        } else {
            mine.key = to;
        }
        return new Outcome.Good();
    }

    private Outcome reserve(Nexus nexus, LeaseKey own) {
        Registration mine = registration(nexus);
        if (mine == null || !mine.key.equals(own) || (holder != null && holder != mine)) {
            return new Outcome.Conflict();
        }
        holder = mine;
        return new Outcome.Good();
    }

    private Outcome release(Nexus nexus, LeaseKey own) {
        Registration mine = registration(nexus);
        if (mine == null || !mine.key.equals(own)) {
            return new Outcome.Conflict();
        }
        if (holder == mine) {
            holder = null;
            registrations.stream()
                    .filter(other -> other != mine)
                    .forEach(other -> attend(other.nexus, "2A/04"));
        }
        return new Outcome.Good();
    }

    private Outcome preempt(Nexus nexus, Command.Preempt preempt) {
        Registration mine = registration(nexus);
        if (mine == null || !mine.key.equals(preempt.own())) {
            return new Outcome.Conflict();
        }
        List<Registration> victims =
                registrations.stream().filter(r -> r.key.equals(preempt.victim())).toList();
        if (victims.isEmpty()) {
            return new Outcome.Conflict();
        }
        if (preempt.abort() && !flavour.aborts) {
            return new Outcome.Refused("05/24/00");
        }
        if (holder != null && victims.contains(holder)) {
            holder = mine;
        }
        generation++;
        for (Registration victim : victims) {
            if (victim == mine) {
                continue;
            }
            registrations.remove(victim);
            attend(victim.nexus, "2A/03");
            if (preempt.abort()) {
                tasks.removeIf(task -> task.nexus().equals(victim.nexus));
            }
        }
        return new Outcome.Good();
    }

    // ---- writes ----

    /** Lets a write in, or not: GOOD has the task, which lands when the caller says so. */
    Outcome write(Nexus session, Runnable land, java.util.function.Consumer<Task> admitted) {
        Nexus nexus = nexus(session);
        List<String> pending = attentions.getOrDefault(nexus, new ArrayList<>());
        if (!pending.isEmpty()) {
            return attention(pending.removeFirst());
        }
        if (holder != null && !holder.nexus.equals(nexus)) {
            return new Outcome.Conflict();
        }
        Task task = new Task(nexus, land);
        tasks.add(task);
        admitted.accept(task);
        return new Outcome.Good();
    }

    /** The write reaches the medium, unless it was aborted. */
    boolean land(Task task) {
        if (!tasks.remove(task)) {
            return false;
        }
        task.land().run();
        return true;
    }

    private void landAll(java.util.function.Predicate<Task> which) {
        List.copyOf(tasks).stream().filter(which).forEach(this::land);
    }

    // ---- inside ----

    private List<LeaseKey> keys() {
        return registrations.stream().map(registration -> registration.key).toList();
    }

    private Nexus nexus(Nexus session) {
        return flavour.forgetsLogins ? session : new Nexus(session.initiator(), 0);
    }

    private @Nullable Registration registration(Nexus nexus) {
        for (Registration registration : registrations) {
            if (registration.nexus.equals(nexus)) {
                return registration;
            }
        }
        return null;
    }

    private static Outcome attention(String sense) {
        return new Outcome.Attention(sense.equals("2A/03") || sense.equals("2A/05"), sense);
    }

    private void attend(Nexus nexus, String sense) {
        attentions.computeIfAbsent(nexus, _ -> new ArrayList<>()).add(sense);
    }
}
