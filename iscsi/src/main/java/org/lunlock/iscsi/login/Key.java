// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.lunlock.iscsi.login.ResultFunction.AND;
import static org.lunlock.iscsi.login.ResultFunction.DECLARATIVE;
import static org.lunlock.iscsi.login.ResultFunction.LIST;
import static org.lunlock.iscsi.login.ResultFunction.MAXIMUM;
import static org.lunlock.iscsi.login.ResultFunction.MINIMUM;
import static org.lunlock.iscsi.login.ResultFunction.OR;

import java.util.Arrays;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.ProtocolException;

/**
 * The text keys, how each is negotiated, its default and its range. RFC 7143 §12.1 (AuthMethod),
 * RFC 7143 §13 (Login/Text Operational Text Keys).
 *
 * <p>Lengths are bytes, times are seconds.
 */
public enum Key {
    AUTH_METHOD("AuthMethod", LIST, "None", "12.1"),
    HEADER_DIGEST("HeaderDigest", LIST, "None", "13.1"),
    DATA_DIGEST("DataDigest", LIST, "None", "13.1"),
    MAX_CONNECTIONS("MaxConnections", MINIMUM, "1", "13.2", 1, 65535),
    SEND_TARGETS("SendTargets", DECLARATIVE, "", "13.3"),
    TARGET_NAME("TargetName", DECLARATIVE, "", "13.4"),
    INITIATOR_NAME("InitiatorName", DECLARATIVE, "", "13.5"),
    TARGET_ALIAS("TargetAlias", DECLARATIVE, "", "13.6"),
    INITIATOR_ALIAS("InitiatorAlias", DECLARATIVE, "", "13.7"),
    TARGET_ADDRESS("TargetAddress", DECLARATIVE, "", "13.8"),
    TARGET_PORTAL_GROUP_TAG("TargetPortalGroupTag", DECLARATIVE, "", "13.9", 0, 65535),
    INITIAL_R2T("InitialR2T", OR, "Yes", "13.10"),
    IMMEDIATE_DATA("ImmediateData", AND, "Yes", "13.11"),
    MAX_RECV_DATA_SEGMENT_LENGTH(
            "MaxRecvDataSegmentLength", DECLARATIVE, "8192", "13.12", 512, 0xffffff),
    MAX_BURST_LENGTH("MaxBurstLength", MINIMUM, "262144", "13.13", 512, 0xffffff),
    FIRST_BURST_LENGTH("FirstBurstLength", MINIMUM, "65536", "13.14", 512, 0xffffff),
    DEFAULT_TIME2WAIT("DefaultTime2Wait", MAXIMUM, "2", "13.15", 0, 3600),
    DEFAULT_TIME2RETAIN("DefaultTime2Retain", MINIMUM, "20", "13.16", 0, 3600),
    MAX_OUTSTANDING_R2T("MaxOutstandingR2T", MINIMUM, "1", "13.17", 1, 65535),
    DATA_PDU_IN_ORDER("DataPDUInOrder", OR, "Yes", "13.18"),
    DATA_SEQUENCE_IN_ORDER("DataSequenceInOrder", OR, "Yes", "13.19"),
    ERROR_RECOVERY_LEVEL("ErrorRecoveryLevel", MINIMUM, "0", "13.20", 0, 2),
    SESSION_TYPE("SessionType", DECLARATIVE, "Normal", "13.21"),
    TASK_REPORTING("TaskReporting", LIST, "RFC3720", "13.23"),
    ISCSI_PROTOCOL_LEVEL("iSCSIProtocolLevel", MINIMUM, "1", "13.24", 0, 31),
    IF_MARKER("IFMarker", AND, "No", "13.25"),
    OF_MARKER("OFMarker", AND, "No", "13.25");

    private static final Map<String, Key> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toMap(Key::text, Function.identity()));

    private final String text;
    private final ResultFunction function;
    private final String defaultValue;
    private final String section;
    private final int min;
    private final int max;

    /** A key whose value is no number. */
    Key(String text, ResultFunction function, String defaultValue, String section) {
        this(text, function, defaultValue, section, 0, -1);
    }

    Key(
            String text,
            ResultFunction function,
            String defaultValue,
            String section,
            int min,
            int max) {
        this.text = text;
        this.function = function;
        this.defaultValue = defaultValue;
        this.section = section;
        this.min = min;
        this.max = max;
    }

    /** The key with this name, or null when there is none. Names have upper and lower case. */
    static @Nullable Key of(String name) {
        return BY_NAME.get(name);
    }

    /** The key's name on the wire. */
    public String text() {
        return text;
    }

    ResultFunction function() {
        return function;
    }

    /** What holds while nobody says anything; empty when there is no default. */
    public String defaultValue() {
        return defaultValue;
    }

    /** Where RFC 7143 defines the key. */
    public String section() {
        return section;
    }

    boolean isNumber() {
        return min <= max;
    }

    /** Whether the key means nothing when the session is only for discovery. */
    boolean isIrrelevantInDiscovery() {
        return switch (this) {
            case MAX_CONNECTIONS,
                    INITIAL_R2T,
                    IMMEDIATE_DATA,
                    MAX_BURST_LENGTH,
                    FIRST_BURST_LENGTH,
                    MAX_OUTSTANDING_R2T,
                    DATA_PDU_IN_ORDER,
                    DATA_SEQUENCE_IN_ORDER,
                    TASK_REPORTING,
                    ISCSI_PROTOCOL_LEVEL ->
                    true;
            case AUTH_METHOD,
                    HEADER_DIGEST,
                    DATA_DIGEST,
                    SEND_TARGETS,
                    TARGET_NAME,
                    INITIATOR_NAME,
                    TARGET_ALIAS,
                    INITIATOR_ALIAS,
                    TARGET_ADDRESS,
                    TARGET_PORTAL_GROUP_TAG,
                    MAX_RECV_DATA_SEGMENT_LENGTH,
                    DEFAULT_TIME2WAIT,
                    DEFAULT_TIME2RETAIN,
                    ERROR_RECOVERY_LEVEL,
                    SESSION_TYPE,
                    IF_MARKER,
                    OF_MARKER ->
                    false;
        };
    }

    /** Whether only the first connection of a session says it, for all of them. */
    boolean isOfLeadingLogin() {
        return switch (this) {
            case MAX_CONNECTIONS,
                    INITIAL_R2T,
                    IMMEDIATE_DATA,
                    MAX_BURST_LENGTH,
                    FIRST_BURST_LENGTH,
                    DEFAULT_TIME2WAIT,
                    DEFAULT_TIME2RETAIN,
                    MAX_OUTSTANDING_R2T,
                    DATA_PDU_IN_ORDER,
                    DATA_SEQUENCE_IN_ORDER,
                    ERROR_RECOVERY_LEVEL,
                    SESSION_TYPE,
                    TASK_REPORTING,
                    ISCSI_PROTOCOL_LEVEL ->
                    true;
            case AUTH_METHOD,
                    HEADER_DIGEST,
                    DATA_DIGEST,
                    SEND_TARGETS,
                    TARGET_NAME,
                    INITIATOR_NAME,
                    TARGET_ALIAS,
                    INITIATOR_ALIAS,
                    TARGET_ADDRESS,
                    TARGET_PORTAL_GROUP_TAG,
                    MAX_RECV_DATA_SEGMENT_LENGTH,
                    IF_MARKER,
                    OF_MARKER ->
                    false;
        };
    }

    /**
     * The one way to write this value: numbers in decimal digits without leading zeros.
     *
     * @throws IllegalArgumentException when this key cannot have it
     */
    String canonical(String value) {
        if (isNumber()) {
            return Integer.toString(number(value));
        }
        boolean bool = function == OR || function == AND;
        if (bool && !value.equals(ResultFunction.YES) && !value.equals(ResultFunction.NO)) {
            throw new IllegalArgumentException(
                    text + "=" + TextKeys.printable(value) + " is neither Yes nor No");
        }
        if (function == LIST && ResultFunction.elements(value).contains("")) {
            throw new IllegalArgumentException(
                    text + "=" + TextKeys.printable(value) + " has an empty list element");
        }
        return value;
    }

    /** As {@link #canonical}, of what a target sent. */
    String read(String value) throws ProtocolException {
        try {
            return canonical(value);
        } catch (IllegalArgumentException e) {
            throw new ProtocolException("the target sent an illegal value: " + e.getMessage(), e);
        }
    }

    /**
     * The result when the target answers our offer.
     *
     * @throws ProtocolException when the answer is not one that the offer allows
     */
    String result(String offer, String answer) throws ProtocolException {
        String value = read(answer);
        if (!function.combine(offer, value).equals(value)) {
            throw new ProtocolException(
                    "%s=%s does not answer the offer of %s"
                            .formatted(text, TextKeys.printable(answer), offer));
        }
        return value;
    }

    private int number(String value) {
        int number = NumericalValue.parse(value);
        if (number < min || number > max) {
            throw new IllegalArgumentException(
                    "%s=%s is not a number in %d..%d"
                            .formatted(text, TextKeys.printable(value), min, max));
        }
        return number;
    }

    @Override
    public String toString() {
        return text;
    }
}
