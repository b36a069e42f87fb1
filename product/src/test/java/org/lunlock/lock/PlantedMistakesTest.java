// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.lock.Claim.Step;
import org.lunlock.lock.LeaseKey.Kind;
import org.lunlock.lock.LeaseState.Fencing;
import org.lunlock.lock.LeaseState.Held;
import org.lunlock.lock.LeaseState.Losing;
import org.lunlock.lock.LeaseState.Lost;
import org.lunlock.lock.LeaseState.Sight;
import org.lunlock.lock.LeaseState.Waiting;

/** A simulation that finds nothing proves nothing, unless it finds what was put there. */
class PlantedMistakesTest {
    private static final long FIRST_SEED = Long.getLong("lunlock.seed", 1);

    /** A mistake that so many schedules do not show would not be found. */
    private static final int SCHEDULES_TO_FIND = 20_000;

    private static final String WRONG_DATA =
            "landed in tenure|landed again|landed while readers|reads what was written since";
    private static final String UNFAIR = "that was alive";

    enum Mistake implements Conduct {
        REPLAY_BEFORE_THE_CHECK(WRONG_DATA) {
            @Override
            public boolean replaysBeforeCheck() {
                return true;
            }
        },
        NO_CHECK_AFTER_A_RECONNECT(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return state instanceof Held held && event instanceof LeaseEvent.Reinstated
                        ? stillHeld(held, now)
                        : lease.on(state, event, now);
            }
        },
        PREEMPT_OF_WHATEVER_HOLDS_NOW(UNFAIR) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return lease.on(withSightOfWhatever(state, event), event, now);
            }
        },
        TAKEOVER_BEFORE_THE_TERM(UNFAIR) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return lease.on(withOlderSight(state), event, now);
            }
        },
        RENEWAL_BY_THE_SAME_KEY(UNFAIR + "|was registered once before") {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return renewingBySameKey(lease.on(state, event, now));
            }
        },
        NO_GUARD_AFTER_A_TAKEOVER(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return withoutParking(lease.on(state, event, now));
            }
        },
        OLD_WRITES_LEFT_IN_THE_TARGET(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                Transition next = lease.on(state, event, now);
                return next.actions().contains(new Command.ResetLogicalUnit())
                        ? lease.on(next.state(), answered(new Outcome.Good()), now)
                        : next;
            }
        },
        OWN_WRITES_LEFT_IN_THE_TARGET(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                Transition next = lease.on(state, event, now);
                return state instanceof Fencing fencing
                                && fencing.claim().tenure() != null
                                && next.actions().contains(new Command.ResetLogicalUnit())
                        ? lease.on(next.state(), answered(new Outcome.Good()), now)
                        : next;
            }
        },
        USE_BEFORE_THE_LOOK(WRONG_DATA + "|never held the reservation") {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return state instanceof Fencing fencing && fencing.step() == Step.VERIFYING
                        ? lease.on(state, believing(fencing, event), now)
                        : lease.on(state, event, now);
            }
        },
        LOST_NOT_LATCHED(WRONG_DATA + "|not every host got the volume") {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                Transition next = lease.on(state, event, now);
                return state instanceof Held held && next.state() instanceof Lost
                        ? stillHeld(held, now)
                        : next;
            }
        },
        COMING_BACK_AT_ANY_TIME(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return lease.on(asIfJustRenewed(state, now), event, now);
            }
        },
        FORGETFUL_TARGET_TAKEN_AT_ONCE(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return lease.on(asIfFreshForLong(state, now), event, now);
            }
        },
        READER_GOES_ON_WITHOUT_ITS_OLD_KEY(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return lease.on(
                        state, state.known().shares() ? withOldKey(state, event) : event, now);
            }
        },
        WRITER_SHARES_BEFORE_THE_RESET(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                Transition next = lease.on(state, event, now);
                return next.state() instanceof Fencing fencing
                                && fencing.known().shares()
                                && fencing.step() == Step.RESETTING
                        ? lease.on(next.state(), answered(new Outcome.Good()), now)
                        : next;
            }
        },
        LAST_READER_LEAVES_NO_GUARD(WRONG_DATA) {
            @Override
            public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
                return state.known().shares()
                        ? withoutParking(lease.on(state, event, now))
                        : lease.on(state, event, now);
            }
        },
        FLUSH_NOT_SENT_AGAIN("is not on the medium") {
            @Override
            public boolean forgetsFlushes() {
                return true;
            }
        };

        private final String shows;

        /**
         * @param shows what the simulation says of it, as a regular expression
         */
        Mistake(String shows) {
            this.shows = shows;
        }

        @Override
        public Transition on(Lease lease, LeaseState state, LeaseEvent event, long now) {
            return lease.on(state, event, now);
        }
    }

    @ParameterizedTest
    @EnumSource
    void isFound(Mistake mistake) {
        String violation = null;
        long seed = FIRST_SEED;
        while (violation == null && seed < FIRST_SEED + SCHEDULES_TO_FIND) {
            violation = Campaign.violation(seed++, mistake, new Tally());
        }
        assertThat(violation).containsPattern(mistake.shows);
    }

    // ---- how to make them ----

    private static Transition stillHeld(Held held, long now) {
        long soon = now + Simulation.TERM_NANOS / 3;
        return Transition.to(
                new Held(held.known(), held.tenure(), null, List.of()), new Action.WakeAt(soon));
    }

    private static LeaseState withSightOfWhatever(LeaseState state, LeaseEvent event) {
        Observation seen = observed(event);
        return state instanceof Waiting(Known known, Sight sight, Long freshSince, Company company)
                        && sight != null
                        && seen != null
                        && seen.reservation() != null
                ? new Waiting(
                        known,
                        new Sight(seen.reservation().key(), sight.since()),
                        freshSince,
                        company)
                : state;
    }

    private static LeaseState withOlderSight(LeaseState state) {
        return state instanceof Waiting(Known known, Sight sight, Long freshSince, Company company)
                        && sight != null
                ? new Waiting(
                        known,
                        new Sight(sight.key(), sight.since() - Simulation.TERM_NANOS / 50),
                        freshSince,
                        company)
                : state;
    }

    private static Transition renewingBySameKey(Transition next) {
        return next.state() instanceof Held held && held.renewal() != null
                ? new Transition(
                        new Held(
                                held.known(),
                                held.tenure(),
                                new LeaseState.Renewal(
                                        held.tenure().key(), held.renewal().sentAt()),
                                held.orphans()),
                        next.actions().stream().map(PlantedMistakesTest::bySameKey).toList())
                : next;
    }

    private static Action bySameKey(Action action) {
        return action instanceof Command.Register(LeaseKey from, LeaseKey _, boolean persist)
                ? new Command.Register(from, from, persist)
                : action;
    }

    private static Transition withoutParking(Transition transition) {
        List<Action> actions = new ArrayList<>();
        for (Action action : transition.actions()) {
            actions.add(
                    action instanceof Command.Register(LeaseKey from, LeaseKey to, boolean persist)
                                    && to.is(Kind.PARKED)
                            ? new Command.Register(from, LeaseKey.NONE, persist)
                            : action);
        }
        return new Transition(transition.state(), actions);
    }

    private static LeaseEvent believing(Fencing fencing, LeaseEvent event) {
        Observation seen = observed(event);
        if (seen == null) {
            return event;
        }
        LeaseKey own = fencing.claim().key();
        Observation.Reservation ours =
                fencing.claim().shares()
                        ? new Observation.Reservation(
                                LeaseKey.NONE, Observation.WRITE_EXCLUSIVE_ALL_REGISTRANTS)
                        : new Observation.Reservation(own, Observation.EXCLUSIVE_ACCESS);
        return answered(new Outcome.Observed(new Observation(1, List.of(own), ours)));
    }

    private static LeaseEvent withOldKey(LeaseState state, LeaseEvent event) {
        Observation seen = observed(event);
        LeaseKey old =
                switch (state) {
                    case Losing losing -> losing.tenure().key();
                    case Fencing fencing -> fencing.claim().victim();
                    default -> LeaseKey.NONE;
                };
        if (seen == null || !seen.isShared() || old.equals(LeaseKey.NONE)) {
            return event;
        }
        List<LeaseKey> keys = new ArrayList<>(seen.keys());
        keys.add(old);
        return answered(
                new Outcome.Observed(new Observation(seen.generation(), keys, seen.reservation())));
    }

    private static LeaseState asIfJustRenewed(LeaseState state, long now) {
        return state instanceof Losing(Known known, Tenure tenure)
                ? new Losing(
                        known,
                        new Tenure(
                                tenure.key(),
                                tenure.token(),
                                now,
                                tenure.unproven(),
                                tenure.unwanted()))
                : state;
    }

    private static LeaseState asIfFreshForLong(LeaseState state, long now) {
        return state instanceof Waiting(Known known, Sight sight, Long _, Company company)
                ? new Waiting(known, sight, now - 2 * Simulation.TERM_NANOS, company)
                : state;
    }

    private static @Nullable Observation observed(LeaseEvent event) {
        return event instanceof LeaseEvent.Answered(Outcome.Observed(Observation observation))
                ? observation
                : null;
    }

    private static LeaseEvent answered(Outcome outcome) {
        return new LeaseEvent.Answered(outcome);
    }
}
