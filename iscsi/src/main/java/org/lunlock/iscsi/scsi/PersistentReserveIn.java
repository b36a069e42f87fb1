// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.ProtocolException;

/** Shows who is registered and who holds the reservation. SPC-4, PERSISTENT RESERVE IN. */
public final class PersistentReserveIn {
    private static final int READ_KEYS = 0x00;
    private static final int READ_RESERVATION = 0x01;
    private static final int REPORT_CAPABILITIES = 0x02;
    private static final int READ_FULL_STATUS = 0x03;

    /** 1023 keys. A list that is cut is refused: who is missing from it might be the holder. */
    private static final int ALLOCATION_LENGTH = 8192;

    private static final int HEADER_LENGTH = 8;
    private static final int KEY_LENGTH = 8;
    private static final int RESERVATION_LENGTH = 16;
    private static final int FULL_STATUS_LENGTH = 24;
    private static final int PROTOCOL_ISCSI = 0x05;

    private PersistentReserveIn() {}

    /**
     * SPC-4 PERSISTENT RESERVE IN, READ KEYS.
     *
     * @param generation PRGeneration, a counter of changes that wraps
     * @param keys one for every registered I_T nexus, so a key can be there twice
     */
    public record Keys(int generation, List<ReservationKey> keys) {
        public Keys {
            keys = List.copyOf(keys);
        }
    }

    /**
     * SPC-4 PERSISTENT RESERVE IN, READ RESERVATION.
     *
     * @param generation PRGeneration, a counter of changes that wraps
     * @param holder null when nobody holds a reservation
     */
    public record Reservation(int generation, @Nullable Holder holder) {}

    /**
     * A reservation that is held.
     *
     * @param key the holder's; {@link ReservationKey#NONE} where all registrants hold it
     */
    public record Holder(ReservationKey key, ReservationType type) {}

    /**
     * SPC-4 PERSISTENT RESERVE IN, REPORT CAPABILITIES.
     *
     * @param persistsThroughPowerLoss PTPL_C: registering with APTPL is possible
     * @param persistenceActivated PTPL_A: it is in force now
     * @param allTargetPorts ATP_C: registering for every target port is possible
     * @param types what can be reserved; null when the target does not say (TMV is 0)
     */
    public record Capabilities(
            boolean persistsThroughPowerLoss,
            boolean persistenceActivated,
            boolean allTargetPorts,
            @Nullable Set<ReservationType> types) {

        /** Whether the type can be reserved, or the target does not say. */
        public boolean mayReserve(ReservationType type) {
            return types == null || types.contains(type);
        }
    }

    /**
     * SPC-4 PERSISTENT RESERVE IN, READ FULL STATUS.
     *
     * @param generation PRGeneration, a counter of changes that wraps
     */
    public record FullStatus(int generation, List<Registration> registrations) {
        public FullStatus {
            registrations = List.copyOf(registrations);
        }
    }

    /**
     * One registered I_T nexus.
     *
     * @param holds the type of the reservation that it holds, null when it holds none
     * @param relativeTargetPort 1..65535; 0 when the registration is for all target ports
     * @param transportId the initiator port: for iSCSI its name and ISID as {@code iqn.…,i,0x…},
     *     else protocol and hexadecimal digits
     */
    public record Registration(
            ReservationKey key,
            @Nullable ReservationType holds,
            int relativeTargetPort,
            String transportId) {}

    /** Asks for the keys of all registered I_T nexuses. */
    public static ScsiRequest<Keys> readKeys() {
        return request(READ_KEYS, "READ KEYS", PersistentReserveIn::decodeKeys);
    }

    /** Asks who holds the reservation. */
    public static ScsiRequest<Reservation> readReservation() {
        return request(
                READ_RESERVATION, "READ RESERVATION", PersistentReserveIn::decodeReservation);
    }

    /** Asks what the target can do. */
    public static ScsiRequest<Capabilities> reportCapabilities() {
        return request(
                REPORT_CAPABILITIES,
                "REPORT CAPABILITIES",
                PersistentReserveIn::decodeCapabilities);
    }

    /** Asks which initiator registered which key. tgt 1.0.85 refuses it. */
    public static ScsiRequest<FullStatus> readFullStatus() {
        return request(READ_FULL_STATUS, "READ FULL STATUS", PersistentReserveIn::decodeFullStatus);
    }

    private static <T> ScsiRequest<T> request(
            int serviceAction, String title, ScsiRequest.Answer<T> answer) {
        return new Cdb(10, 0x5e)
                .u8(1, serviceAction)
                .u16(7, ALLOCATION_LENGTH)
                .dataIn("PERSISTENT RESERVE IN, " + title, ALLOCATION_LENGTH, answer);
    }

    private static Keys decodeKeys(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("READ KEYS data", dataIn);
        Fields list = afterHeader(data);
        if (list.length() % KEY_LENGTH != 0) {
            throw new ProtocolException("a list of keys with " + list.length() + " bytes");
        }
        List<ReservationKey> keys = new ArrayList<>();
        for (int at = 0; at < list.length(); at += KEY_LENGTH) {
            keys.add(new ReservationKey(list.u64(at)));
        }
        return new Keys(generation(data), keys);
    }

    private static Reservation decodeReservation(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("READ RESERVATION data", dataIn);
        Fields descriptor = afterHeader(data);
        if (descriptor.length() == 0) {
            return new Reservation(generation(data), null);
        }
        if (descriptor.length() < RESERVATION_LENGTH) {
            throw new ProtocolException("a reservation of " + descriptor.length() + " bytes");
        }
        ReservationKey key = new ReservationKey(descriptor.u64(0));
        return new Reservation(generation(data), new Holder(key, type(descriptor.u8(13))));
    }

    private static Capabilities decodeCapabilities(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("REPORT CAPABILITIES data", dataIn);
        boolean typeMaskValid = data.bit(3, 0x80); // TMV
        return new Capabilities(
                data.bit(2, 0x01), // PTPL_C
                data.bit(3, 0x01), // PTPL_A
                data.bit(2, 0x04), // ATP_C
                typeMaskValid ? types(data.u8(4), data.u8(5)) : null);
    }

    /** Bit n of the mask's first byte stands for type n, of its second byte for type 8 + n. */
    private static Set<ReservationType> types(int firstByte, int secondByte) {
        int mask = firstByte | secondByte << 8;
        Set<ReservationType> types = EnumSet.noneOf(ReservationType.class);
        for (ReservationType type : ReservationType.values()) {
            if ((mask >>> type.code() & 1) != 0) {
                types.add(type);
            }
        }
        return Collections.unmodifiableSet(types);
    }

    private static FullStatus decodeFullStatus(ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("READ FULL STATUS data", dataIn);
        Fields list = afterHeader(data);
        List<Registration> registrations = new ArrayList<>();
        int at = 0;
        while (at < list.length()) {
            Fields fixed = list.part(at, FULL_STATUS_LENGTH);
            at += FULL_STATUS_LENGTH;
            Fields transportId = list.part(at, fixed.u32(20)); // ADDITIONAL DESCRIPTOR LENGTH
            at += transportId.length();
            registrations.add(registration(fixed, transportId));
        }
        return new FullStatus(generation(data), registrations);
    }

    private static Registration registration(Fields fixed, Fields transportId)
            throws ProtocolException {
        boolean allTargetPorts = fixed.bit(12, 0x02); // ALL_TG_PT
        boolean holder = fixed.bit(12, 0x01); // R_HOLDER
        return new Registration(
                new ReservationKey(fixed.u64(0)),
                holder ? type(fixed.u8(13)) : null,
                allTargetPorts ? 0 : fixed.u16(18),
                transportId(transportId));
    }

    private static String transportId(Fields id) throws ProtocolException {
        int protocol = id.u8(0) & 0x0f;
        if (protocol != PROTOCOL_ISCSI) {
            return "protocol %Xh %s".formatted(protocol, id.hex(0, id.length()));
        }
        return id.text(4, id.u16(2)); // the name, and with format code 1 ",i,0x" and the ISID
    }

    private static ReservationType type(int scopeAndType) throws ProtocolException {
        return ReservationType.of(scopeAndType & 0x0f);
    }

    private static int generation(Fields data) throws ProtocolException {
        return (int) data.u32(0);
    }

    private static Fields afterHeader(Fields data) throws ProtocolException {
        return data.part(HEADER_LENGTH, data.u32(4)); // ADDITIONAL LENGTH
    }
}
