// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.ScsiStatus;
import org.lunlock.iscsi.Sense;
import org.lunlock.iscsi.pdu.AsyncMessage;
import org.lunlock.iscsi.pdu.Bhs;
import org.lunlock.iscsi.pdu.DataIn;
import org.lunlock.iscsi.pdu.DataOut;
import org.lunlock.iscsi.pdu.InitiatorPdu;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.LogoutRequest;
import org.lunlock.iscsi.pdu.LogoutResponse;
import org.lunlock.iscsi.pdu.NopIn;
import org.lunlock.iscsi.pdu.NopOut;
import org.lunlock.iscsi.pdu.R2t;
import org.lunlock.iscsi.pdu.Reject;
import org.lunlock.iscsi.pdu.ScsiCommand;
import org.lunlock.iscsi.pdu.ScsiResponse;
import org.lunlock.iscsi.pdu.TargetPdu;
import org.lunlock.iscsi.pdu.TaskManagementRequest;
import org.lunlock.iscsi.pdu.TaskManagementResponse;
import org.lunlock.iscsi.pdu.TextRequest;
import org.lunlock.iscsi.pdu.TextResponse;

/**
 * The target's end of one connection: a test expects PDUs and sends PDUs. Numbers are counted as a
 * target should; who wants them wrong changes the header on its way out.
 *
 * <p>Of every PDU that comes is checked what holds for all: digests, zero padding, CmdSN in order,
 * task tags that are not in use, an ExpStatSN that was reached.
 */
public final class ScriptedConnection implements AutoCloseable {
    private static final int GOOD = 0;

    private final Socket socket;
    private final InputStream in;
    private final ScriptedTarget.Options options;
    private final Map<Integer, Integer> dataSns = new HashMap<>();
    private final Map<Integer, Integer> r2tSns = new HashMap<>();
    private @Nullable LoginRequest login;
    private boolean headerDigest;
    private boolean dataDigest;
    private boolean fullFeaturePhase;
    private int statSn;
    private ScriptedNumbers numbers;
    private byte[] data = {};
    private byte[] ahs = {};

    ScriptedConnection(Socket socket, ScriptedTarget.Options options) throws IOException {
        this.socket = socket;
        this.options = options;
        this.statSn = options.statSn;
        this.numbers = new ScriptedNumbers(1, 0, options.window);
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) ScriptedTarget.PATIENCE.toMillis());
        this.in = socket.getInputStream();
    }

    void loggingIn(LoginRequest request) {
        login = request;
        int expCmdSn = request.cmdSn() + options.expCmdSnOffset;
        numbers = new ScriptedNumbers(options.maxConnections(), expCmdSn, options.window);
    }

    /** It is one more of that session, or in the place of one that was lost. */
    void joins(ScriptedNumbers session) {
        numbers = session;
    }

    ScriptedNumbers numbers() {
        return numbers;
    }

    void loggedIn(boolean headerDigest, boolean dataDigest) {
        this.headerDigest = headerDigest;
        this.dataDigest = dataDigest;
        fullFeaturePhase = true;
    }

    /** The first PDU of this connection. */
    public LoginRequest loginRequest() {
        LoginRequest request = login;
        return request == null ? fail("nobody logged in here") : request;
    }

    // ------------------------------------------------------------------------ what is expected

    /** The next PDU, which is of this kind. */
    public <T extends InitiatorPdu> T expect(Class<T> type) {
        InitiatorPdu pdu;
        try {
            pdu = receive();
        } catch (SocketTimeoutException e) {
            throw new AssertionError("expected " + type.getSimpleName() + ", nothing came", e);
        } catch (IOException e) {
            throw new AssertionError("expected " + type.getSimpleName() + ", got " + e, e);
        }
        if (!type.isInstance(pdu)) {
            fail("expected %s, got %s", type.getSimpleName(), pdu);
        }
        return type.cast(pdu);
    }

    public ScsiCommand expectCommand() {
        return expect(ScsiCommand.class);
    }

    /** The block that a READ (10) or WRITE (10) begins with. */
    public static long lba(ScsiCommand command) {
        return command.cdbHigh() >>> 16 & 0xffff_ffffL;
    }

    public DataOut expectDataOut() {
        return expect(DataOut.class);
    }

    /** The data segment of the PDU that was expected last. */
    public byte[] data() {
        return data.clone();
    }

    /** The additional header segments of the PDU that was expected last. */
    public byte[] ahs() {
        return ahs.clone();
    }

    /**
     * That nothing was sent up to here: a ping is sent, and its answer is the next that comes. What
     * a caller's thread was going to send it has sent when its call returned.
     */
    public void expectNothing() {
        int tag = 0x7e570000 | statSn & 0xffff;
        ping(tag);
        NopOut answer = expect(NopOut.class);
        assertThat(answer.targetTransferTag()).isEqualTo(tag);
    }

    /**
     * That the initiator ends the connection, in whatever way; what it sent before is passed by.
     */
    public void expectClosed() {
        byte[] rest = new byte[64 << 10];
        try {
            int bytes = 0;
            while (bytes >= 0) {
                bytes = in.read(rest);
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the initiator keeps the connection", e);
        } catch (IOException e) {
            return; // reset, which also ends it
        }
    }

    /** Reads one PDU and checks what holds for all. */
    InitiatorPdu receive() throws IOException {
        byte[] header = readExactly(Bhs.LENGTH);
        ByteBuffer bhs = ByteBuffer.wrap(header);
        ahs = readExactly(Bhs.totalAhsLength(bhs));
        if (headerDigest) {
            checkDigest("header", concat(header, ahs));
        }
        int length = Bhs.dataSegmentLength(bhs);
        data = readExactly(length);
        byte[] padding = readExactly(Bhs.paddedLength(length) - length);
        assertThat(padding).as("padding").isEqualTo(new byte[padding.length]);
        if (dataDigest && length > 0) {
            checkDigest("data", concat(data, padding));
        }
        InitiatorPdu pdu = InitiatorPdu.decode(bhs);
        if (fullFeaturePhase) {
            check(pdu);
        }
        return pdu;
    }

    private void check(InitiatorPdu pdu) {
        assertThat(pdu.expStatSn() - statSn).as("ExpStatSN of %s", pdu).isLessThanOrEqualTo(0);
        if (pdu instanceof ScsiCommand command) {
            numbers.received(command.cmdSn(), pdu.toString());
            assertThat(command.initiatorTaskTag()).isNotEqualTo(Bhs.RESERVED_TAG);
            assertThat(dataSns).as("task tag in use").doesNotContainKey(pdu.initiatorTaskTag());
            dataSns.put(pdu.initiatorTaskTag(), 0);
            r2tSns.put(pdu.initiatorTaskTag(), 0);
        }
        if (pdu instanceof NopOut nop && nop.immediate()) {
            numbers.said(nop.cmdSn(), pdu.toString());
        } else if (pdu instanceof NopOut nop) {
            numbers.received(nop.cmdSn(), pdu.toString());
        }
    }

    private byte[] readExactly(int bytes) throws IOException {
        byte[] read = in.readNBytes(bytes);
        if (read.length < bytes) {
            throw new EOFException("the initiator closed the connection");
        }
        return read;
    }

    private void checkDigest(String what, byte[] bytes) throws IOException {
        assertThat(readExactly(Integer.BYTES)).as(what + " digest").isEqualTo(digest(bytes));
    }

    private static byte[] digest(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes);
        return ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) crc.getValue())
                .array();
    }

    // ------------------------------------------------------------------------ what is sent

    /** SCSI Response with GOOD; the command's place in the window is free again. */
    public void good(ScsiCommand command) {
        status(command, ScsiStatus.GOOD);
    }

    public void status(ScsiCommand command, ScsiStatus status) {
        answered(command);
        send(response(command, status.code(), 0));
    }

    @SuppressWarnings("EnumOrdinal") // the keys stand in the order of their codes
    public void checkCondition(ScsiCommand command, Sense.Key key, int asc, int ascq) {
        answered(command);
        byte[] sense = new byte[2 + 18]; // SenseLength, then the fixed format
        sense[1] = 18;
        sense[2] = 0x70;
        sense[4] = (byte) key.ordinal();
        sense[9] = 10;
        sense[14] = (byte) asc;
        sense[15] = (byte) ascq;
        send(response(command, ScsiStatus.CHECK_CONDITION.code(), sense.length), sense);
    }

    /** A SCSI Response to be sent, with the next StatSN and no residual. */
    public ScsiResponse response(ScsiCommand command, int status, int dataSegmentLength) {
        return response(command, status, dataSegmentLength, false, false, 0);
    }

    public ScsiResponse response(
            ScsiCommand command,
            int status,
            int dataSegmentLength,
            boolean overflow,
            boolean underflow,
            long residual) {
        return new ScsiResponse(
                false,
                false,
                overflow,
                underflow,
                ScsiResponse.COMPLETED,
                status,
                dataSegmentLength,
                command.initiatorTaskTag(),
                0,
                takeStatSn(),
                expCmdSn(),
                maxCmdSn(),
                dataSns.getOrDefault(command.initiatorTaskTag(), 0),
                0,
                residual);
    }

    /** The task is over for the target: its tag may come again. */
    private void answered(ScsiCommand command) {
        dataSns.remove(command.initiatorTaskTag());
        r2tSns.remove(command.initiatorTaskTag());
        numbers.answered();
    }

    /** One Data-In of several; the DataSN counts by itself. */
    public void dataIn(ScsiCommand command, int offset, byte[] bytes) {
        send(dataIn(command, offset, bytes, false), bytes);
    }

    /** The last Data-In, and the status with it. */
    public void dataInWithGood(ScsiCommand command, int offset, byte[] bytes) {
        DataIn last = dataIn(command, offset, bytes, true);
        answered(command);
        send(last, bytes);
    }

    /** The bytes of the last Data-In with GOOD, for who wants to spoil them. */
    public byte[] encodedDataIn(ScsiCommand command, byte[] bytes) {
        return encoded(dataIn(command, 0, bytes, true), bytes, _ -> {});
    }

    private DataIn dataIn(ScsiCommand command, int offset, byte[] bytes, boolean last) {
        int dataSn = dataSns.merge(command.initiatorTaskTag(), 1, Integer::sum) - 1;
        return new DataIn(
                last,
                false,
                false,
                false,
                last,
                GOOD,
                bytes.length,
                0,
                command.initiatorTaskTag(),
                Bhs.RESERVED_TAG,
                last ? takeStatSn() : 0,
                expCmdSn(),
                last ? maxCmdSn() + 1 : maxCmdSn(),
                dataSn,
                offset,
                0);
    }

    /** Asks for one burst; the R2TSN counts by itself. */
    public void r2t(ScsiCommand command, int targetTransferTag, int offset, int length) {
        int r2tSn = r2tSns.merge(command.initiatorTaskTag(), 1, Integer::sum) - 1;
        send(
                new R2t(
                        command.lun(),
                        command.initiatorTaskTag(),
                        targetTransferTag,
                        statSn,
                        expCmdSn(),
                        maxCmdSn(),
                        r2tSn,
                        offset,
                        length));
    }

    /** A command that came on another connection: its Data-In and R2Ts count on from here. */
    public void goesOn(ScsiCommand command, int dataSn) {
        dataSns.put(command.initiatorTaskTag(), dataSn);
        r2tSns.put(command.initiatorTaskTag(), dataSn);
    }

    /** A NOP-In that wants an answer, or with the reserved tag none. */
    public void ping(int targetTransferTag) {
        send(nopIn(Bhs.RESERVED_TAG, targetTransferTag, statSn));
    }

    byte[] encodedPing(int targetTransferTag) {
        NopIn ping = nopIn(Bhs.RESERVED_TAG, targetTransferTag, statSn);
        return encoded(ping, new byte[0], _ -> {});
    }

    /** The answer to the initiator's ping. */
    public void pong(NopOut ping) {
        send(nopIn(ping.initiatorTaskTag(), Bhs.RESERVED_TAG, takeStatSn()));
    }

    private NopIn nopIn(int initiatorTaskTag, int targetTransferTag, int statSn) {
        return new NopIn(0, 0, initiatorTaskTag, targetTransferTag, statSn, expCmdSn(), maxCmdSn());
    }

    public void answer(TaskManagementRequest request, TaskManagementResponse.Response response) {
        send(
                new TaskManagementResponse(
                        response,
                        request.initiatorTaskTag(),
                        takeStatSn(),
                        expCmdSn(),
                        maxCmdSn()));
    }

    public void loggedOut(LogoutRequest request) {
        send(
                new LogoutResponse(
                        LogoutResponse.Response.CLOSED,
                        request.initiatorTaskTag(),
                        takeStatSn(),
                        expCmdSn(),
                        maxCmdSn(),
                        0,
                        0));
    }

    public void answerText(
            TextRequest request, boolean isFinal, int targetTransferTag, byte[] text) {
        numbers.received(request.cmdSn(), "a Text Request"); // not immediate here
        numbers.answered();
        send(
                new TextResponse(
                        isFinal,
                        false,
                        text.length,
                        0,
                        request.initiatorTaskTag(),
                        targetTransferTag,
                        takeStatSn(),
                        expCmdSn(),
                        maxCmdSn()),
                text);
    }

    /** An Asynchronous Message with its code and its three parameters. */
    public void tell(int asyncEvent, int parameter1, int parameter2, int parameter3) {
        send(
                new AsyncMessage(
                        0,
                        0,
                        takeStatSn(),
                        expCmdSn(),
                        maxCmdSn(),
                        asyncEvent,
                        0,
                        parameter1,
                        parameter2,
                        parameter3));
    }

    /** An Asynchronous Message of event 0, with this data segment. */
    public void tellScsiEvent(byte[] senseSegment) {
        int length = senseSegment.length;
        send(
                new AsyncMessage(length, 0, takeStatSn(), expCmdSn(), maxCmdSn(), 0, 0, 0, 0, 0),
                senseSegment);
    }

    /** Rejects a PDU that the initiator sent. */
    public void reject(int reason, InitiatorPdu rejected) {
        byte[] header = new byte[Bhs.LENGTH];
        rejected.encode(ByteBuffer.wrap(header));
        send(new Reject(reason, header.length, takeStatSn(), expCmdSn(), maxCmdSn(), 0), header);
    }

    /** Rejects the command that came last, for its damaged data, and waits for its CmdSN. */
    public void rejectAsDamaged(ScsiCommand command) {
        dataSns.remove(command.initiatorTaskTag());
        r2tSns.remove(command.initiatorTaskTag());
        numbers.takeBack();
        reject(0x02, command);
    }

    public void send(TargetPdu pdu) {
        send(pdu, new byte[0]);
    }

    public void send(TargetPdu pdu, byte[] data) {
        send(pdu, data, _ -> {});
    }

    /** Sends a PDU after the header was changed; digests are of what is sent. */
    public void send(TargetPdu pdu, byte[] data, Consumer<ByteBuffer> change) {
        sendBytes(encoded(pdu, data, change));
    }

    /** The bytes of a PDU as they would be sent, digests and padding included. */
    public byte[] encoded(TargetPdu pdu, byte[] data, Consumer<ByteBuffer> change) {
        byte[] header = new byte[Bhs.LENGTH];
        pdu.encode(ByteBuffer.wrap(header));
        change.accept(ByteBuffer.wrap(header));
        byte[] padded = Arrays.copyOf(data, Bhs.paddedLength(data.length));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(header);
        if (headerDigest) {
            bytes.writeBytes(digest(header));
        }
        bytes.writeBytes(padded);
        if (dataDigest && data.length > 0) {
            bytes.writeBytes(digest(padded));
        }
        return bytes.toByteArray();
    }

    /** Sends bytes, PDUs or not, in one write. */
    public void sendBytes(byte[]... parts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            bytes.writeBytes(part);
        }
        try {
            socket.getOutputStream().write(bytes.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    // ------------------------------------------------------------------------ numbers

    /** The StatSN that comes next, which is then taken. */
    public int takeStatSn() {
        return statSn++;
    }

    /** The StatSN that comes next. */
    public int statSn() {
        return statSn;
    }

    public int expCmdSn() {
        return numbers.expCmdSn();
    }

    public int maxCmdSn() {
        return numbers.maxCmdSn();
    }

    /** From the next PDU on the initiator may have this many more commands on their way. */
    public void window(int commands) {
        numbers.window(commands);
    }

    /** Ends the connection as a crash does: the initiator sees a reset. */
    public void reset() {
        try {
            socket.setSoLinger(true, 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        close();
    }

    /** Closes the connection without a word. */
    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
