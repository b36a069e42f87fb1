// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lunlock.ExitCode;
import org.lunlock.LunlockException;

class UndoStackTest {
    private final List<String> undone = new ArrayList<>();
    private final UndoStack stack = new UndoStack();
    private boolean busy;

    private void push(String step) {
        stack.push(() -> undone.add(step));
    }

    @Test
    void lastStepIsUndoneFirst() throws Exception {
        push("export");
        push("loop");
        push("mount");
        stack.run();
        assertThat(undone).containsExactly("mount", "loop", "export");
    }

    @Test
    void nothingIsUndoneTwice() throws Exception {
        push("export");
        stack.run();
        stack.run();
        assertThat(undone).containsExactly("export");
    }

    @Test
    void stepThatFailsKeepsWhatItStandsOnAndIsTriedAgain() throws Exception {
        busy = true;
        push("export");
        stack.push(() -> {
            if (busy) {
                throw new LunlockException(ExitCode.IO, "busy");
            }
            undone.add("loop");
        });
        push("mount");
        assertThatThrownBy(stack::run).hasMessage("busy");
        assertThat(undone).containsExactly("mount");
        busy = false;
        stack.run();
        assertThat(undone).containsExactly("mount", "loop", "export");
    }
}
