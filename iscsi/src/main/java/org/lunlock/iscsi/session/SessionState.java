// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

/** Where a session is in its life. RFC 7143 §8.3 (Session State Diagrams). */
enum SessionState {
    /** Commands flow. */
    LOGGED_IN,
    /** A reset may have taken the reservation: nothing is sent until the guard has looked. */
    HELD,
    /** The guard looks at the target; only its commands flow. */
    GUARD_ASKED,
    /** The target asked us to log out, and the Logout Request is on its way. */
    LEAVING,
    /** There is no connection; the next attempt is waited for. */
    LOST,
    /** An attempt to log in again is under way. */
    LOGGING_IN,
    /** Its owner closes it: nothing new is sent. */
    CLOSING,
    /** Over. Every command fails. */
    CLOSED;

    enum Event {
        /** A unit attention told a guarded command of a reset. */
        RESET,
        LOGOUT_REQUESTED,
        CONNECTION_LOST,
        LOGIN_BEGUN,
        /** However it went. */
        LOGIN_ENDED,
        GUARD_ASKED,
        GUARD_AGREED,
        CLOSED_BY_OWNER,
        /** The thread of the session has ended. */
        OVER
    }

    /** Where the event leads to; most mean nothing in most states. */
    SessionState on(Event event) {
        return switch (event) {
            case RESET -> this == LOGGED_IN || this == GUARD_ASKED ? HELD : this;
            case LOGOUT_REQUESTED -> this == LOGGED_IN ? LEAVING : this;
            case CONNECTION_LOST -> isOver() ? this : LOST;
            case LOGIN_BEGUN -> this == LOST ? LOGGING_IN : this;
            case LOGIN_ENDED -> this == LOGGING_IN ? LOST : this;
            case GUARD_ASKED -> this == LOST || this == HELD ? GUARD_ASKED : this;
            case GUARD_AGREED -> this == GUARD_ASKED ? LOGGED_IN : this;
            case CLOSED_BY_OWNER -> isOver() ? this : CLOSING;
            case OVER -> CLOSED;
        };
    }

    /** Whether anybody's commands are sent. */
    boolean commandsFlow() {
        return this == LOGGED_IN;
    }

    /** Whether no command is taken any more. */
    boolean isOver() {
        return this == CLOSING || this == CLOSED;
    }
}
