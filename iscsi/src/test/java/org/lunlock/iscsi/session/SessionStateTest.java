// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lunlock.iscsi.session.SessionState.Event;

class SessionStateTest {

    @ParameterizedTest
    @CsvSource({
        // from, event, to
        "LOGGED_IN,   CONNECTION_LOST,  LOST",
        "LOST,        LOGIN_BEGUN,      LOGGING_IN",
        "LOGGING_IN,  LOGIN_ENDED,      LOST",
        "LOST,        GUARD_ASKED,      GUARD_ASKED",
        "GUARD_ASKED, GUARD_AGREED,     LOGGED_IN",
        "GUARD_ASKED, CONNECTION_LOST,  LOST",
        "LOGGED_IN,   RESET,            HELD",
        "HELD,        GUARD_ASKED,      GUARD_ASKED",
        "GUARD_ASKED, RESET,            HELD",
        "HELD,        GUARD_AGREED,     HELD",
        "HELD,        CONNECTION_LOST,  LOST",
        "LOGGED_IN,   LOGOUT_REQUESTED, LEAVING",
        "LEAVING,     RESET,            LEAVING",
        "LEAVING,     CONNECTION_LOST,  LOST",
        "LOST,        RESET,            LOST",
        "LOST,        GUARD_AGREED,     LOST",
    })
    void eventsLeadOn(SessionState from, Event event, SessionState to) {
        assertThat(from.on(event)).isEqualTo(to);
    }

    @ParameterizedTest
    @EnumSource(Event.class)
    void whatItsOwnerClosesNeverFlowsAgain(Event event) {
        assertThat(SessionState.CLOSING.on(event).isOver()).isTrue();
        assertThat(SessionState.CLOSED.on(event)).isEqualTo(SessionState.CLOSED);
    }

    @ParameterizedTest
    @EnumSource(SessionState.class)
    void everythingEnds(SessionState state) {
        assertThat(state.on(Event.OVER)).isEqualTo(SessionState.CLOSED);
        assertThat(state.on(Event.CLOSED_BY_OWNER).isOver()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(SessionState.class)
    void onlyTheGuardLetsCommandsFlow(SessionState state) {
        for (Event event : Event.values()) {
            boolean begins = !state.commandsFlow() && state.on(event).commandsFlow();
            assertThat(begins)
                    .isEqualTo(state == SessionState.GUARD_ASKED && event == Event.GUARD_AGREED);
        }
    }

    @Test
    void aSessionIsLoggedInAtFirst() {
        assertThat(new Lifetime().state()).isEqualTo(SessionState.LOGGED_IN);
    }
}
