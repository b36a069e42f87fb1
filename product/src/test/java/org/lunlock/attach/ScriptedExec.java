// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;

/** Answers in place of programs, one answer after the other, and keeps what was asked. */
final class ScriptedExec implements Exec {
    private final Deque<ExecResult> answers = new ArrayDeque<>();

    private Callable<?> effect = () -> null;

    /** What was run: the program's name without its directory, then the arguments. */
    final List<String> commands = new ArrayList<>();

    /** One whose programs all end with this status, and print nothing. */
    static Exec ending(int exitStatus) {
        return new Exec() {
            @Override
            public ExecResult run(List<String> argv, Duration timeout) {
                return new ExecResult(exitStatus, "", "", false);
            }

            @Override
            public Running start(List<String> argv) {
                throw new IllegalStateException("nothing here stays: " + argv);
            }
        };
    }

    ScriptedExec answer(int exitStatus, String out, String err) {
        answers.add(new ExecResult(exitStatus, out, err, false));
        return this;
    }

    ScriptedExec hang() {
        answers.add(new ExecResult(-1, "", "", true));
        return this;
    }

    /** What every program does from now on before it ends. */
    ScriptedExec doing(Callable<?> effect) {
        this.effect = effect;
        return this;
    }

    @Override
    public ExecResult run(List<String> argv, Duration timeout) {
        List<String> named = new ArrayList<>(argv);
        named.set(0, String.valueOf(Path.of(argv.getFirst()).getFileName()));
        commands.add(String.join(" ", named));
        try {
            effect.call();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
        return answers.remove();
    }

    @Override
    public Running start(List<String> argv) {
        throw new IllegalStateException("nothing here stays: " + argv);
    }
}
