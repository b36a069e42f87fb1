// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.Check;
import org.lunlock.lock.Observation.Reservation;

/**
 * One logical unit with the persistent reservations of SPC-4, as they were measured on tgt 1.0.85
 * and on LIO of Linux 6.1, and with a volatile write cache. Single-threaded; time is the caller's.
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

    /** Blocks to be written. */
    interface Blocks {
        /** They are what a reader gets from now on. */
        void land();

        /** They survive a power loss from now on. */
        default void settle() {}
    }

    /** A write that was let in, and is on its way. Each is another, whatever it writes. */
    static final class Task {
        private final Nexus nexus;
        private final Blocks blocks;

        private Task(Nexus nexus, Blocks blocks) {
            this.nexus = nexus;
            this.blocks = blocks;
        }
    }

    private static final class Registration {
        final Nexus nexus;
        LeaseKey key;

        Registration(Nexus nexus, LeaseKey key) {
            this.nexus = nexus;
            this.key = key;
        }
    }

    private static final Outcome GOOD = new Outcome.Good();
    private static final Outcome CONFLICT = new Outcome.Conflict();

    private final Flavour flavour;
    private final Map<Integer, Integer> logins = new HashMap<>();
    private final Map<Nexus, List<String>> attentions = new HashMap<>();
    private final List<Task> tasks = new ArrayList<>();
    private final List<Blocks> cache = new ArrayList<>();
    private List<Registration> registrations = new ArrayList<>();
    private @Nullable Registration holder; // of readers, one of them
    private LockMode mode = LockMode.EXCLUSIVE; // of the reservation, while there is one
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
            landAll(task -> task.nexus.equals(nexus)); // LIO waits for the old session's tasks
        }
        return new Nexus(initiator, lastLogin);
    }

    boolean isLoggedIn(Nexus session) {
        return Integer.valueOf(session.login()).equals(logins.get(session.initiator()));
    }

    /**
     * The power fails and comes back: sessions, tasks and the write cache are gone, reservations
     * too unless APTPL kept them.
     *
     * @return how many writes were in the cache
     */
    int restart() {
        int lost = cache.size();
        cache.clear();
        logins.clear();
        attentions.clear();
        tasks.clear();
        if (!kept) {
            registrations = new ArrayList<>();
            holder = null;
        }
        generation = registrations.size();
        return lost;
    }

    /** Whether its reservations survive a power loss now. */
    boolean keeps() {
        return kept;
    }

    // ---- PERSISTENT RESERVE IN and OUT ----

    /** READ KEYS: PRGENERATION and keys; the reservation is not looked at. */
    Observation readKeys() {
        return new Observation(generation, keys(), null);
    }

    /** The key that holds the reservation, {@link LeaseKey#NONE} when none or all readers' do. */
    LeaseKey holder() {
        return holder == null || isShared() ? LeaseKey.NONE : holder.key;
    }

    /** How many I_T nexuses are registered, whatever for. */
    int registrants() {
        return registrations.size();
    }

    /** Whether readers hold it. */
    boolean isShared() {
        return holder != null && mode == LockMode.SHARED;
    }

    Observation observe() {
        return new Observation(
                generation, keys(), holder == null ? null : new Reservation(holder(), mode.type()));
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
            return GOOD;
        }
        if (!pending.isEmpty()) {
            return attention(pending.removeFirst());
        }
        return switch (command) {
            case Command.Register register -> register(nexus, register);
            case Command.RegisterAnyway register ->
                    registerAnyway(nexus, register.to(), register.persist());
            case Command.Reserve reserve -> reserve(nexus, reserve);
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
                : CONFLICT;
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
                unreserve();
            }
        } else if (mine == null) {
            registrations.add(new Registration(nexus, to));
        } else {
            mine.key = to;
        }
        return GOOD;
    }

    /** A reservation that all registrants hold ends with the last of them. */
    private void unreserve() {
        holder = isShared() && !registrations.isEmpty() ? registrations.getFirst() : null;
        if (holder == null) {
            registrations.forEach(other -> attend(other.nexus, "2A/04"));
        }
    }

    private Outcome reserve(Nexus nexus, Command.Reserve reserve) {
        Registration mine = registration(nexus);
        if (mine == null || !mine.key.equals(reserve.own())) {
            return CONFLICT;
        }
        if (holder != null) {
            boolean ours = holder == mine || isShared();
            return ours && mode == reserve.mode() ? GOOD : CONFLICT;
        }
        holder = mine;
        mode = reserve.mode();
        return GOOD;
    }

    private Outcome release(Nexus nexus, LeaseKey own) {
        Registration mine = registration(nexus);
        if (mine == null || !mine.key.equals(own)) {
            return CONFLICT;
        }
        Check.that(!isShared(), "RELEASE would end it for all readers");
        if (holder == mine) {
            holder = null;
            registrations.stream()
                    .filter(other -> other != mine)
                    .forEach(other -> attend(other.nexus, "2A/04"));
        }
        return GOOD;
    }

    private Outcome preempt(Nexus nexus, Command.Preempt preempt) {
        Registration mine = registration(nexus);
        if (mine == null || !mine.key.equals(preempt.own())) {
            return CONFLICT;
        }
        boolean all = preempt.victim().equals(LeaseKey.NONE);
        List<Registration> victims =
                registrations.stream().filter(r -> all || r.key.equals(preempt.victim())).toList();
        if (victims.isEmpty()) {
            return CONFLICT;
        }
        Check.that(all == isShared(), "tgt may crash, or the command is wrong");
        if (preempt.abort() && !flavour.aborts) {
            return new Outcome.Refused("05/24/00");
        }
        if (holder != null && victims.contains(holder)) {
            holder = mine;
            mode = preempt.mode();
        }
        generation++;
        for (Registration victim : victims) {
            if (victim == mine) {
                continue;
            }
            registrations.remove(victim);
            attend(victim.nexus, "2A/03");
            if (preempt.abort()) {
                tasks.removeIf(task -> task.nexus.equals(victim.nexus));
            }
        }
        return GOOD;
    }

    // ---- writes ----

    /** Lets a write in, or not: GOOD has the task, which lands when the caller says so. */
    Outcome write(Nexus session, Blocks blocks, Consumer<Task> admitted) {
        Outcome outcome = admit(session, false);
        if (outcome instanceof Outcome.Good) {
            Task task = new Task(nexus(session), blocks);
            tasks.add(task);
            admitted.accept(task);
        }
        return outcome;
    }

    /** SYNCHRONIZE CACHE: what has landed is on the medium. */
    Outcome synchronizeCache(Nexus session) {
        Outcome outcome = admit(session, false);
        if (outcome instanceof Outcome.Good) {
            cache.forEach(Blocks::settle);
            cache.clear();
        }
        return outcome;
    }

    /** Whether blocks may be read now. */
    Outcome read(Nexus session) {
        return admit(session, true);
    }

    private Outcome admit(Nexus session, boolean reads) {
        Nexus nexus = nexus(session);
        List<String> pending = attentions.get(nexus);
        if (pending != null && !pending.isEmpty()) {
            return attention(pending.removeFirst());
        }
        boolean may =
                isShared()
                        ? reads || registration(nexus) != null
                        : holder == null || holder.nexus.equals(nexus);
        return may ? GOOD : CONFLICT;
    }

    /** The write reaches the cache, unless it was aborted. */
    boolean land(Task task) {
        if (!tasks.remove(task)) {
            return false;
        }
        task.blocks.land();
        cache.add(task.blocks);
        return true;
    }

    private void landAll(Predicate<Task> which) {
        List.copyOf(tasks).stream().filter(which).forEach(this::land);
    }

    // ---- inside ----

    private List<LeaseKey> keys() {
        List<LeaseKey> keys = new ArrayList<>(registrations.size());
        registrations.forEach(registration -> keys.add(registration.key));
        return keys;
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
