// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.lunlock.LunlockException;
import org.lunlock.daemon.api.Request;
import org.lunlock.daemon.api.Result;
import org.lunlock.daemon.api.ScsiQuestion;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code scsi}. */
@Command(name = "scsi", header = "Ask a logical unit about itself, without taking its lock.")
final class ScsiCommand implements Callable<Integer> {
    private final Globals globals;

    @Parameters(
            index = "0",
            paramLabel = "QUESTION",
            description = "inquiry, capacity, luns or reservations.")
    private ScsiQuestion question = ScsiQuestion.INQUIRY;

    @Parameters(
            index = "1",
            paramLabel = "VOLUME|URL",
            description = "A volume, or iscsi://host/target-name/lun.")
    private String volumeOrUrl = "";

    ScsiCommand(Globals globals) {
        this.globals = globals;
    }

    @Override
    public Integer call() throws LunlockException {
        Secrets.warnIfIn(volumeOrUrl, globals);
        return Results.print(
                globals,
                new Request.Scsi(question, volumeOrUrl),
                Result.class,
                (result, output) -> Table.print(output, pairs(result).stream()));
    }

    private static List<String[]> pairs(Result result) {
        List<String[]> pairs = new ArrayList<>();
        switch (result) {
            case Result.Inquiry inquiry -> {
                add(pairs, "vendor", inquiry.vendor());
                add(pairs, "product", inquiry.product());
                add(pairs, "revision", inquiry.revision());
                add(pairs, "device type", deviceType(inquiry.deviceType()));
                if (inquiry.serialNumber() != null) {
                    add(pairs, "serial number", inquiry.serialNumber());
                }
                inquiry.identifiers().forEach(it -> add(pairs, "identifier", it));
            }
            case Result.Capacity capacity -> {
                add(
                        pairs,
                        "capacity",
                        "%s (%d bytes)".formatted(Sizes.text(capacity.bytes()), capacity.bytes()));
                add(pairs, "blocks", Long.toString(capacity.blocks()));
                add(pairs, "block length", capacity.blockBytes() + " bytes");
                add(pairs, "physical block", capacity.physicalBlockBytes() + " bytes");
                add(pairs, "provisioning", capacity.thinProvisioned() ? "thin" : "full");
            }
            case Result.LogicalUnits units ->
                    add(
                            pairs,
                            "logical units",
                            units.luns().stream()
                                    .map(lun -> Integer.toString(lun))
                                    .collect(Collectors.joining(" ")));
            case Result.Reservations reservations -> {
                Result.Reservation reservation = reservations.reservation();
                add(pairs, "generation", Long.toString(reservations.generation()));
                add(
                        pairs,
                        "reservation",
                        reservation == null
                                ? "none"
                                : reservation.type() + ", key " + reservation.key());
                reservations.keys().forEach(it -> add(pairs, "registered key", key(it)));
            }
            case Result.Done _,
                    Result.StatusReport _,
                    Result.LockReport _,
                    Result.Unlocked _,
                    Result.Targets _,
                    Result.DaemonReport _ ->
                    throw new IllegalStateException("a logical unit was asked: " + result);
        }
        return pairs;
    }

    private static String deviceType(int type) {
        return type == 0 ? "0 (disk)" : Integer.toString(type);
    }

    private static String key(Result.RegisteredKey key) {
        return key.host() == null ? key.key() + " (not lunlock's)" : key.key() + " " + key.host();
    }

    private static void add(List<String[]> pairs, String name, String value) {
        pairs.add(new String[] {name, value});
    }
}
