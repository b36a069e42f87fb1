// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

import org.lunlock.lock.LeaseState.Fencing;
import org.lunlock.lock.LeaseState.Free;
import org.lunlock.lock.LeaseState.Held;
import org.lunlock.lock.LeaseState.Losing;
import org.lunlock.lock.LeaseState.Lost;
import org.lunlock.lock.LeaseState.Releasing;
import org.lunlock.lock.LeaseState.Waiting;

/**
 * The lock in the target: decides what one host does to get, keep and give back one volume, for
 * itself or to read it with others. A pure function of state, event and time; it knows no thread,
 * clock or network.
 *
 * <p>What must hold, and why it does, is in docs/fencing.md. In short: every change of hands is a
 * compare-and-swap that the target does, on keys that are never used twice; so no clock has to be
 * right, and a host that was paused or cut off finds its key gone and its writes refused.
 *
 * <p>{@link LeaseEvent.Wanted}, {@link LeaseEvent.Unwanted} and {@link LeaseEvent.Timer} come only
 * while no command is under way. Times are monotonic nanoseconds of one clock, which keeps running
 * while the host sleeps.
 */
public final class Lease {

    private final int hostId;
    private final LeasePursuit pursuit;
    private final LeaseKeeping keeping;

    /**
     * @param hostId 0..0xffff, drawn by chance; another is drawn when a holder is seen to have it
     * @param seed makes this host's looks uneven, so that waiting hosts do not march in step
     */
    public Lease(int hostId, LeaseTimes times, long seed) {
        this(hostId, new LeaseRhythm(times, false, seed));
    }

    private Lease(int hostId, LeaseRhythm rhythm) {
        this.hostId = hostId;
        this.keeping = new LeaseKeeping(rhythm);
        this.pursuit = new LeasePursuit(rhythm, keeping);
    }

    /**
     * One that takes the volume from whoever has it, at once: also from a host that lives, which is
     * fenced by that, and from another program.
     */
    public static Lease forcing(int hostId, LeaseTimes times, long seed) {
        return new Lease(hostId, new LeaseRhythm(times, true, seed));
    }

    /** The state to begin with, after a start or a crash. */
    LeaseState start(OwnKeys stored) {
        return new Free(Known.from(hostId, stored));
    }

    /** What becomes of the state, and what is to be done. */
    Transition on(LeaseState state, LeaseEvent event, long now) {
        if (event instanceof LeaseEvent.Abandoned) {
            return Transition.to(new Free(state.known()), Transition.tell(new Report.Freed()));
        }
        return switch (state) {
            case Free free -> whileFree(free, event);
            case Waiting waiting -> pursuit.whileWaiting(waiting, event, now);
            case Fencing fencing -> pursuit.whileFencing(fencing, event, now);
            case Held held -> keeping.whileHeld(held, event, now);
            case Losing losing -> keeping.whileLosing(losing, event, now);
            case Lost lost ->
                    event instanceof LeaseEvent.Unwanted
                            ? Transition.to(
                                    new Free(lost.known()), Transition.tell(new Report.Freed()))
                            : Transition.to(lost);
            case Releasing releasing -> keeping.whileReleasing(releasing, event, now);
        };
    }

    private Transition whileFree(Free free, LeaseEvent event) {
        return switch (event) {
            case LeaseEvent.Wanted(int epoch, boolean granted, var sight, LockMode mode) -> {
                Known known = free.known().notBefore(epoch).withWish(granted ? epoch : null, mode);
                yield LeasePursuit.look(new Waiting(known, sight, null));
            }
            case LeaseEvent.StoreFailed(String reason) ->
                    Transition.to(
                            free, Transition.tell(new Report.Trouble(Report.storeFailure(reason))));
            case LeaseEvent.Unwanted _,
                    LeaseEvent.Timer _,
                    LeaseEvent.Answered _, // to a farewell
                    LeaseEvent.Reinstated _,
                    LeaseEvent.Fenced _,
                    LeaseEvent.Abandoned _ ->
                    Transition.to(free);
        };
    }
}
