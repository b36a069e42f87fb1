// SPDX-License-Identifier: Apache-2.0
package org.lunlock.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@NullMarked
class EtcdOptionsTest {

    @Test
    void addressNamesMembersAndWhetherTheySpeakTls() {
        assertThat(EtcdOptions.members("etcd://a:1,b,[::1]:3"))
                .isEqualTo(
                        List.of(
                                URI.create("http://a:1"),
                                URI.create("http://b:2379"),
                                URI.create("http://[::1]:3")));
        assertThat(EtcdOptions.members("etcds://a"))
                .isEqualTo(List.of(URI.create("https://a:2379")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "a:1", "http://a:1", "etcd://", "etcd://a,", "etcd://a/x", "etcd://u@a"})
    void anythingElseIsRefusedWithAnExample(String address) {
        assertThatThrownBy(() -> EtcdOptions.members(address))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void passwordIsNotShown() {
        EtcdOptions options =
                new EtcdOptions(List.of(), new EtcdOptions.Login("eva", "secret"), null);
        assertThat(options.toString()).contains("eva").doesNotContain("secret");
    }
}
