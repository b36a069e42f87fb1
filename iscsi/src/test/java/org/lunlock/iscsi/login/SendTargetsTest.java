// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.ProtocolException;
import org.lunlock.iscsi.login.SendTargets.DiscoveredTarget;

class SendTargetsTest {

    @Test
    void addressesBelongToTheTargetBeforeThem() throws ProtocolException {
        List<DiscoveredTarget> targets =
                parse(
                        "TargetName=iqn.2026-11.org.lunlock:a",
                        "TargetAddress=192.0.2.1:3260,1",
                        "TargetAddress=[2001:db8::1]:3261,2",
                        "TargetName=iqn.2026-11.org.lunlock:b",
                        "TargetAddress=nas.example,7");
        assertThat(targets)
                .containsExactly(
                        new DiscoveredTarget(
                                new IscsiName("iqn.2026-11.org.lunlock:a"),
                                List.of(
                                        address("192.0.2.1", 3260, 1),
                                        address("2001:db8::1", 3261, 2))),
                        new DiscoveredTarget(
                                new IscsiName("iqn.2026-11.org.lunlock:b"),
                                List.of(address("nas.example", 3260, 7))));
    }

    @Test
    void targetWithoutAddressIsAtThePortalThatWasAsked() throws ProtocolException {
        assertThat(parse("TargetName=iqn.2026-11.org.lunlock:a", "TargetAlias=backup"))
                .containsExactly(
                        new DiscoveredTarget(
                                new IscsiName("iqn.2026-11.org.lunlock:a"), List.of()));
    }

    @Test
    void noTargetsAreNoTargets() throws ProtocolException {
        assertThat(SendTargets.parse(ByteBuffer.allocate(0))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "TargetAddress=192.0.2.1:3260,1",
                "TargetName=disk",
                "TargetName=iqn.a\0TargetAddress=",
                "TargetName=iqn.a\0TargetAddress=:3260,1",
                "TargetName=iqn.a\0TargetAddress=h:0,1",
                "TargetName=iqn.a\0TargetAddress=h:3260,70000",
                "TargetName=iqn.a\0TargetAddress=h:3260,x",
                "TargetName=iqn.a\0TargetAddress=[::1:3260,1",
            })
    void whatCannotBeReadIsRefused(String text) {
        assertThatExceptionOfType(ProtocolException.class).isThrownBy(() -> parse(text));
    }

    @Test
    void asksForAllTargets() throws ProtocolException {
        assertThat(TextKeys.parse(SendTargets.requestAll()))
                .containsExactly(new TextKey("SendTargets", "All"));
    }

    private static TargetAddress address(String host, int port, int tag) {
        return new TargetAddress(new Portal(host, port), OptionalInt.of(tag));
    }

    private static List<DiscoveredTarget> parse(String... keys) throws ProtocolException {
        String text = String.join("\0", keys) + "\0";
        return SendTargets.parse(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }
}
