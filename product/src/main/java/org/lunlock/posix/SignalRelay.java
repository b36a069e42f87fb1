// SPDX-License-Identifier: Apache-2.0
package org.lunlock.posix;

import java.lang.reflect.Proxy;
import java.util.function.IntConsumer;

/**
 * Takes signals that are sent to this process, instead of the Java machine, which would exit. Done
 * by the JDK's {@code sun.misc.Signal}, reached by its name: the compiler warns of every use of it,
 * and warnings fail our build.
 *
 * <p>SIGQUIT cannot be had like this, the machine keeps it for its thread dumps.
 */
public final class SignalRelay {
    private SignalRelay() {}

    /**
     * Hands a signal to a consumer from now on, in a thread of the machine's. One that this process
     * was started to ignore, as nohup does with SIGHUP, stays ignored.
     *
     * @param name without SIG
     */
    public static void relay(String name, int signal, IntConsumer consumer) {
        try {
            Class<?> signalType = Class.forName("sun.misc.Signal");
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object handler =
                    Proxy.newProxyInstance(
                            SignalRelay.class.getClassLoader(),
                            new Class<?>[] {handlerType},
                            (_, method, _) -> {
                                if (method.getName().equals("handle")) {
                                    consumer.accept(signal);
                                }
                                return null;
                            });
            var _ =
                    signalType
                            .getMethod("handle", signalType, handlerType)
                            .invoke(
                                    null,
                                    signalType.getConstructor(String.class).newInstance(name),
                                    handler);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java machine has no signal " + name, e);
        }
    }
}
