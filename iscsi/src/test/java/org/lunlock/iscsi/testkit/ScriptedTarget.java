// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.Digest;
import org.lunlock.iscsi.login.Key;
import org.lunlock.iscsi.login.LoginParameters;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.session.Timeouts;
import org.lunlock.iscsi.session.Timeouts.Step;

/**
 * A target that says what a test tells it to, on a real socket of this host. A test plays the
 * target in its own thread; the initiator's calls return at once ({@link Io}) or run beside it
 * ({@link Background}):
 *
 * <pre>
 *   try (ScriptedTarget target = ScriptedTarget.start();
 *           Session session = target.login()) {
 *       ScriptedConnection peer = target.connection();
 *       Io read = Io.read(512).on(session);
 *       ScsiCommand command = peer.expectCommand();
 *       peer.dataInWithGood(command, 0, new byte[512]);
 *       read.succeeds();
 *   }
 * </pre>
 *
 * <p>Every wait has a deadline. Logins are answered by a thread of its own, so that a session can
 * come back at any time.
 */
public final class ScriptedTarget implements AutoCloseable {
    public static final IscsiName NAME = IscsiName.of("iqn.2026-11.org.lunlock.test:scripted");
    public static final IscsiName INITIATOR = IscsiName.of("iqn.2026-11.org.lunlock.test:host");
    public static final Isid ISID = new Isid(0x80_123456_0001L);

    /** What a test waits for comes within milliseconds; a loaded machine is no reason to fail. */
    static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Nobody says goodbye at the end of a test that is not about it. */
    private static final Duration NO_GOODBYE = Duration.ofMillis(1);

    /** Long enough not to matter in a test that is not about them. */
    private static final Timeouts PATIENT = Timeouts.all(PATIENCE).with(Step.LOGOUT, NO_GOODBYE);

    /** How the target answers Login Requests. */
    public enum Logins {
        ACCEPTED,
        /** Status-Class 3, detail 1: service unavailable. */
        REFUSED,
        /** Status-Class 1, detail 1: to the portal of {@link #redirectTo}. */
        REDIRECTED,
        /** Connections are taken and nothing is ever said. */
        UNANSWERED,
        /** Connections are closed at once. */
        CLOSED,
        /** Connections are handed to the test before anything is said on them. */
        LEFT_TO_THE_TEST
    }

    private final Options options;
    private final ServerSocket listener;
    private final Thread acceptor;
    private final BlockingQueue<ScriptedConnection> connections = new LinkedBlockingQueue<>();
    private final List<ScriptedConnection> all = new CopyOnWriteArrayList<>();
    private volatile Logins logins;
    private volatile Portal elsewhere;
    private @Nullable ScriptedNumbers session;
    private volatile @Nullable Throwable broken;

    /** What the target agrees to. With nothing said: small bursts, no digests, a window of 32. */
    public static final class Options {
        final Map<Key, String> keys = new LinkedHashMap<>();
        Logins logins = Logins.ACCEPTED;
        volatile int window = 32;
        int statSn = 100;
        int expCmdSnOffset;
        int accepts = Integer.MAX_VALUE;
        int receiveBufferBytes;
        boolean pingsAtOnce;
        boolean forgetsSessions;
        boolean chapWithMd5Alone;
        LoginParameters parameters =
                LoginParameters.DEFAULTS.with(Key.DEFAULT_TIME2WAIT, 0); // not to wait for nothing

        private Options() {
            keys.put(Key.HEADER_DIGEST, "None");
            keys.put(Key.DATA_DIGEST, "None");
            keys.put(Key.INITIAL_R2T, "Yes");
            keys.put(Key.IMMEDIATE_DATA, "No");
            keys.put(Key.MAX_RECV_DATA_SEGMENT_LENGTH, "4096");
            keys.put(Key.MAX_BURST_LENGTH, "16384");
            keys.put(Key.FIRST_BURST_LENGTH, "8192");
            keys.put(Key.MAX_OUTSTANDING_R2T, "1");
            keys.put(Key.DEFAULT_TIME2WAIT, "0");
            keys.put(Key.DEFAULT_TIME2RETAIN, "0");
            keys.put(Key.ERROR_RECOVERY_LEVEL, "0");
        }

        /** What the target answers, or declares, for this key. */
        public Options key(Key key, Object value) {
            keys.put(key, value.toString());
            return this;
        }

        public Options headerDigest() {
            parameters = parameters.withHeaderDigest(Digest.CRC32C);
            return key(Key.HEADER_DIGEST, "CRC32C");
        }

        public Options dataDigest() {
            parameters = parameters.withDataDigest(Digest.CRC32C);
            return key(Key.DATA_DIGEST, "CRC32C");
        }

        /** Immediate data is welcome. */
        public Options immediateData() {
            return key(Key.IMMEDIATE_DATA, "Yes");
        }

        /** Unsolicited Data-Out is welcome. */
        public Options unsolicitedData() {
            return key(Key.INITIAL_R2T, "No");
        }

        /** How many commands the initiator may send ahead of those that were answered. */
        public Options window(int commands) {
            window = commands;
            return this;
        }

        /** StatSN of the first Login Response. */
        public Options statSn(int first) {
            statSn = first;
            return this;
        }

        /** ExpCmdSN at the end of the login, whatever the initiator's CmdSN is. */
        public Options commandsFrom(int cmdSn) {
            expCmdSnOffset = cmdSn - 1;
            return this;
        }

        /** A NOP-In with tag 1 comes in the same TCP segment as the last Login Response. */
        public Options pingsAtOnce() {
            pingsAtOnce = true;
            return this;
        }

        /**
         * Wants CHAP, and refuses any list of algorithms but MD5, as LIO before Linux 3.15 does.
         * Any response is good.
         */
        public Options chapWithMd5Alone() {
            chapWithMd5Alone = true;
            return this;
        }

        /** What both sides agree on. */
        public Options errorRecoveryLevel(int level) {
            parameters = parameters.with(Key.ERROR_RECOVERY_LEVEL, level);
            return key(Key.ERROR_RECOVERY_LEVEL, level);
        }

        /** How many connections both sides agree on for a session. */
        public Options connections(int most) {
            parameters = parameters.with(Key.MAX_CONNECTIONS, most);
            return key(Key.MAX_CONNECTIONS, most);
        }

        /** Knows nothing of a TSIH that it gave. */
        public Options forgetsSessions() {
            forgetsSessions = true;
            return this;
        }

        /** More than so many logins are refused as too many connections. */
        public Options accepts(int connections) {
            accepts = connections;
            return this;
        }

        int maxConnections() {
            return Integer.parseInt(keys.getOrDefault(Key.MAX_CONNECTIONS, "1"));
        }

        /** What the initiator offers. */
        public Options offered(Key key, Object value) {
            parameters = parameters.with(key, value.toString());
            return this;
        }

        /** Bytes of TCP window: small, so that the initiator's socket is soon full. */
        public Options receiveBuffer(int bytes) {
            receiveBufferBytes = bytes;
            return this;
        }

        public Options logins(Logins first) {
            logins = first;
            return this;
        }

        public ScriptedTarget start() {
            try {
                return new ScriptedTarget(this);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    public static Options with() {
        return new Options();
    }

    public static ScriptedTarget start() {
        return with().start();
    }

    private ScriptedTarget(Options options) throws IOException {
        this.options = options;
        this.logins = options.logins;
        this.listener = new ServerSocket();
        if (options.receiveBufferBytes > 0) {
            listener.setReceiveBufferSize(options.receiveBufferBytes);
        }
        listener.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0));
        this.elsewhere = portal();
        this.acceptor = Thread.ofVirtual().name("scripted target").start(this::accept);
    }

    public Portal portal() {
        return new Portal("127.0.0.1", listener.getLocalPort());
    }

    /** Whom to log in to, with patient time-outs. */
    public SessionOptions options() {
        return options(PATIENT);
    }

    public SessionOptions options(Timeouts timeouts) {
        return new SessionOptions(
                portal(), NAME, INITIATOR, ISID, null, options.parameters, timeouts);
    }

    /** Time-outs to change for a test: see the record for what each is. */
    public static Timeouts patient() {
        return PATIENT;
    }

    public Session login() throws IscsiException {
        return Session.open(options(), SessionListener.NONE);
    }

    public Session login(Timeouts timeouts) throws IscsiException {
        return Session.open(options(timeouts), SessionListener.NONE);
    }

    /** From now on logins are answered this way. */
    public void logins(Logins answer) {
        logins = answer;
    }

    /** From now on logins are sent to another portal. */
    public void redirectTo(Portal portal) {
        elsewhere = portal;
        logins = Logins.REDIRECTED;
    }

    /** From the next login on. */
    public void window(int commands) {
        options.window(commands);
    }

    /** The next connection that has logged in. */
    public ScriptedConnection connection() {
        try {
            ScriptedConnection next = connections.poll(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            if (next == null) {
                throw new AssertionError("nobody logged in within " + PATIENCE);
            }
            return next;
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for a login", e);
        }
    }

    /** Connections taken so far, whatever became of them. */
    public int accepted() {
        return all.size();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                serve(listener.accept());
            } catch (IOException | UncheckedIOException e) {
                // the listener was closed, or an initiator left in the middle of its login
            } catch (RuntimeException | AssertionError e) {
                broken = e;
                closeAll(); // so that the test does not wait for what will not come
            }
        }
    }

    private void serve(Socket socket) throws IOException {
        ScriptedConnection connection = new ScriptedConnection(socket, options);
        all.add(connection);
        switch (logins) {
            case ACCEPTED -> {
                if (all.size() > options.accepts) {
                    new ScriptedLogin(connection, options).refuse(0x02, 0x06);
                } else if (new ScriptedLogin(connection, options).accept(session)) {
                    session = connection.numbers();
                    connections.add(connection);
                }
            }
            case REFUSED -> new ScriptedLogin(connection, options).refuse(0x03, 0x01);
            case REDIRECTED -> new ScriptedLogin(connection, options).redirect(elsewhere);
            case UNANSWERED -> {}
            case CLOSED -> connection.close();
            case LEFT_TO_THE_TEST -> connections.add(connection);
        }
    }

    /** Closes every connection and returns when its thread has ended. */
    @Override
    public void close() {
        closeAll();
        try {
            if (!acceptor.join(PATIENCE)) {
                throw new AssertionError("the scripted target did not end");
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while closing", e);
        }
        if (broken != null) {
            throw new AssertionError("a login went wrong: " + broken.getMessage(), broken);
        }
    }

    private void closeAll() {
        try {
            listener.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        all.forEach(ScriptedConnection::close);
    }
}
