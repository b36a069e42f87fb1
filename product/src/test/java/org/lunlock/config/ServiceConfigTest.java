// SPDX-License-Identifier: Apache-2.0
package org.lunlock.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.LunlockException;
import org.lunlock.etcd.EtcdOptions;

class ServiceConfigTest {
    private static final Path FILE = Path.of("/etc/lunlock/lunlock.toml");

    @TempDir private Path directory;

    private static ServiceConfig parse(String settings) throws LunlockException {
        return Objects.requireNonNull(
                Configuration.parse("[initiator]\n" + settings, FILE).initiator().service());
    }

    @Test
    void lockServerNeedsAToken() throws Exception {
        assertThat(parse("service = 'https://hub:7890'\nservice-token-file = 'token'\n"))
                .isInstanceOfSatisfying(
                        ServiceConfig.LockServer.class,
                        it -> {
                            assertThat(it.address()).hasToString("https://hub:7890");
                            assertThat(it.tokenFile()).isEqualTo(Path.of("/etc/lunlock/token"));
                        });
        assertRefused("service = 'https://hub:7890'\n", "without 'service-token-file'");
        assertRefused("service = 'ftp://hub'\nservice-token-file = 't'\n", "https://", "etcd://");
        assertRefused(
                "service = 'http://hub:1'\nservice-token-file = 't'\nservice-user = 'u'\n",
                "'service-user' is not for a lock server");
    }

    @Test
    void etcdHasMembersAndMayHaveAUser() throws Exception {
        assertThat(parse("service = 'etcd://a:1,b'\n"))
                .isInstanceOfSatisfying(
                        ServiceConfig.Etcd.class,
                        it ->
                                assertThat(it.members())
                                        .map(Object::toString)
                                        .containsExactly("http://a:1", "http://b:2379"));
        assertRefused("service = 'etcd://a:1/x'\n", "write it like");
        assertRefused("service = 'etcd://a'\nservice-user = 'u'\n", "belong together");
        assertRefused(
                "service = 'etcd://a'\nservice-token-file = 't'\n",
                "'service-token-file' is not for etcd");
    }

    @Test
    void passwordIsReadAnewAndIsForNobodyElsesEyes() throws Exception {
        Path password = Files.writeString(directory.resolve("password"), "secret\n");
        Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
        ServiceConfig.Etcd etcd =
                (ServiceConfig.Etcd)
                        parse(
                                "service = 'etcds://a'\nservice-user = 'u'\nservice-password-file = '"
                                        + password
                                        + "'\n");
        assertThat(etcd.options().login()).isEqualTo(new EtcdOptions.Login("u", "secret"));
        assertThat(etcd.options().toString()).doesNotContain("secret");
        Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(etcd::options).hasMessageContaining("is open to other users");
    }

    private static void assertRefused(String settings, String... words) {
        assertThatThrownBy(() -> parse(settings))
                .isInstanceOfSatisfying(
                        LunlockException.class, e -> assertThat(e.getMessage()).contains(words));
    }
}
