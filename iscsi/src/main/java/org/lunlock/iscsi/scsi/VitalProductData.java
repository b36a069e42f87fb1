// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.scsi;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.SortedSet;
import java.util.TreeSet;
import org.lunlock.iscsi.ProtocolException;

/**
 * The pages of facts about a logical unit. SPC-4, Vital product data parameters; SBC-3 for B0h, B1h
 * and B2h. A target refuses a page that it lacks with ILLEGAL REQUEST: look into {@link
 * #supportedPages} first.
 */
public final class VitalProductData {
    public static final int SUPPORTED_PAGES = 0x00;
    public static final int UNIT_SERIAL_NUMBER = 0x80;
    public static final int DEVICE_IDENTIFICATION = 0x83;
    public static final int BLOCK_LIMITS = 0xb0;
    public static final int BLOCK_DEVICE_CHARACTERISTICS = 0xb1;
    public static final int LOGICAL_BLOCK_PROVISIONING = 0xb2;

    /** Larger than any of these pages on the targets known; a page that is cut is refused. */
    private static final int ALLOCATION_LENGTH = 4096;

    private static final int HEADER_LENGTH = 4;

    /**
     * SBC-3, Block Device Characteristics.
     *
     * @param rotationRate revolutions per minute; 1 for a medium that does not rotate, 0 unknown
     * @param nominalFormFactor 0 unknown, 2 3.5 inch, 3 2.5 inch, 4 1.8 inch
     */
    public record BlockDeviceCharacteristics(int rotationRate, int nominalFormFactor) {}

    private VitalProductData() {}

    /** The codes of the pages that the logical unit has. */
    public static ScsiRequest<SortedSet<Integer>> supportedPages() {
        return page(
                SUPPORTED_PAGES,
                page -> {
                    SortedSet<Integer> codes = new TreeSet<>();
                    for (int at = HEADER_LENGTH; at < page.length(); at++) {
                        codes.add(page.u8(at));
                    }
                    return Collections.unmodifiableSortedSet(codes);
                });
    }

    /** The serial number the maker gave; empty when it gave none. */
    public static ScsiRequest<String> unitSerialNumber() {
        return page(
                UNIT_SERIAL_NUMBER,
                page -> page.text(HEADER_LENGTH, page.length() - HEADER_LENGTH));
    }

    /** The names of the logical unit, its port and its target device. */
    public static ScsiRequest<DeviceIdentification> deviceIdentification() {
        return page(DEVICE_IDENTIFICATION, DeviceIdentification::decode);
    }

    /** How much one command may ask for. */
    public static ScsiRequest<BlockLimits> blockLimits() {
        return page(BLOCK_LIMITS, BlockLimits::decode);
    }

    public static ScsiRequest<BlockDeviceCharacteristics> blockDeviceCharacteristics() {
        return page(
                BLOCK_DEVICE_CHARACTERISTICS,
                page -> new BlockDeviceCharacteristics(page.u16(4), page.u8(7) & 0x0f));
    }

    /** How the logical unit forgets blocks. */
    public static ScsiRequest<LogicalBlockProvisioning> logicalBlockProvisioning() {
        return page(LOGICAL_BLOCK_PROVISIONING, LogicalBlockProvisioning::decode);
    }

    /** Reads the fields of one page, which include its header of four bytes. */
    @FunctionalInterface
    private interface PageDecoder<T> {
        T decode(Fields page) throws ProtocolException;
    }

    private static <T> ScsiRequest<T> page(int code, PageDecoder<T> decoder) {
        return Inquiry.page(
                code, ALLOCATION_LENGTH, dataIn -> decoder.decode(checked(code, dataIn)));
    }

    private static Fields checked(int code, ByteBuffer dataIn) throws ProtocolException {
        Fields data = new Fields("VPD page %02Xh".formatted(code), dataIn);
        if (data.u8(1) != code) {
            throw new ProtocolException(
                    "asked for VPD page %02Xh, got %02Xh".formatted(code, data.u8(1)));
        }
        return data.part(0, HEADER_LENGTH + data.u16(2)); // PAGE LENGTH counts what follows it
    }
}
