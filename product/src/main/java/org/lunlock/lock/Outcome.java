// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lock;

/** How a {@link Command} ended. Errors are events here: each has its place in the protocol. */
public sealed interface Outcome {

    /** It was executed. */
    record Good() implements Outcome {}

    /** {@link Command.Observe} was executed. */
    record Observed(Observation observation) implements Outcome {}

    /** RESERVATION CONFLICT: not executed, because the key it named is not (or not ours) there. */
    record Conflict() implements Outcome {}

    /**
     * A unit attention about reservations or a reset, 2A/03..05 or 29/xx: not executed, and things
     * may have changed. SPC-4, Unit attention condition.
     *
     * @param preempted RESERVATIONS PREEMPTED or REGISTRATIONS PREEMPTED, 2A/03 or 2A/05
     */
    record Attention(boolean preempted, String sense) implements Outcome {}

    /** The target does not do this: not executed. */
    record Refused(String reason) implements Outcome {}

    /** No answer, or one that does not say whether it was executed. Only the target knows. */
    record Unknown(String reason) implements Outcome {}
}
