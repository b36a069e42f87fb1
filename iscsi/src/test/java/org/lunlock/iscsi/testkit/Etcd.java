// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.testkit;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A real cluster of etcd for one test alone: its members listen on the loopback interface. */
public final class Etcd implements AutoCloseable {
    private static final Duration READY_WITHIN = Duration.ofSeconds(30);

    private final Path directory;
    private final List<String> options;
    private final String scheme;
    private final List<Integer> ports = new ArrayList<>(); // of each member for clients, for peers
    private final List<Leash> members = new ArrayList<>();
    private final HttpClient client = HttpClient.newHttpClient();

    private Etcd(Path directory, int count, String scheme, List<String> options)
            throws IOException {
        this.directory = directory;
        this.options = options;
        this.scheme = scheme;
        for (int i = 0; i < 2 * count; i++) {
            ports.add(Ports.bindAny(port -> new ServerSocket(port).close()));
        }
        for (int member = 0; member < count; member++) {
            members.add(launch(member));
        }
    }

    /**
     * Starts a cluster; skips the test where etcd is not installed.
     *
     * @param directory an empty one for its data
     * @param members how many
     */
    public static Etcd start(Path directory, int members) throws IOException {
        Tools.require("etcd");
        Etcd cluster = new Etcd(directory, members, "http", List.of());
        try {
            cluster.awaitReady();
            return cluster;
        } catch (AssertionError e) {
            cluster.close();
            throw e;
        }
    }

    /** Starts one member that speaks TLS; ask until it answers. */
    public static Etcd startWithTls(Path directory, Path certificate, Path key) throws IOException {
        Tools.require("etcd");
        List<String> options =
                List.of("--cert-file", certificate.toString(), "--key-file", key.toString());
        return new Etcd(directory, 1, "https", options);
    }

    private Leash launch(int member) throws IOException {
        String clients = "%s://127.0.0.1:%d".formatted(scheme, ports.get(2 * member));
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Tools.find("etcd").orElseThrow().toString(),
                                "--name",
                                "m" + member,
                                "--data-dir",
                                directory.resolve("m" + member).toString(),
                                "--listen-client-urls",
                                clients,
                                "--advertise-client-urls",
                                clients,
                                "--listen-peer-urls",
                                peer(member),
                                "--initial-advertise-peer-urls",
                                peer(member),
                                "--initial-cluster",
                                IntStream.range(0, ports.size() / 2)
                                        .mapToObj(it -> "m" + it + "=" + peer(it))
                                        .collect(Collectors.joining(",")),
                                "--log-level",
                                "warn"));
        command.addAll(options);
        return Leash.start(
                Map.of(), directory.resolve("log" + member), command.toArray(String[]::new));
    }

    private String peer(int member) {
        return "http://127.0.0.1:" + ports.get(2 * member + 1);
    }

    /** {@code etcd://HOST:PORT,HOST:PORT}, or {@code etcds://}, of all members. */
    public String address() {
        return (scheme.equals("http") ? "etcd://" : "etcds://")
                + IntStream.range(0, ports.size() / 2)
                        .mapToObj(it -> "127.0.0.1:" + ports.get(2 * it))
                        .collect(Collectors.joining(","));
    }

    /** Waits until every member has heard from a leader. */
    public void awaitReady() {
        Await.until(
                "etcd is healthy",
                READY_WITHIN,
                () ->
                        IntStream.range(0, members.size())
                                .allMatch(it -> !members.get(it).isAlive() || isHealthy(it)));
    }

    private boolean isHealthy(int member) {
        try {
            URI health = URI.create("http://127.0.0.1:" + ports.get(2 * member) + "/health");
            return client.send(
                            HttpRequest.newBuilder(health).timeout(Duration.ofSeconds(2)).build(),
                            BodyHandlers.ofString())
                    .body()
                    .contains("true");
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Asks the first member by its gateway; the answer, whatever it is. */
    public String post(String path, String json) throws IOException, InterruptedException {
        URI address = URI.create("http://127.0.0.1:" + ports.getFirst() + path);
        HttpResponse<String> answer =
                client.send(
                        HttpRequest.newBuilder(address).POST(BodyPublishers.ofString(json)).build(),
                        BodyHandlers.ofString());
        return answer.body();
    }

    /** The member, to be paused and resumed. */
    public Leash member(int member) {
        return members.get(member);
    }

    /** SIGKILL. */
    public void kill(int member) {
        members.get(member).close();
    }

    /** Starts a member again that was killed. */
    public void startAgain(int member) throws IOException {
        members.set(member, launch(member));
    }

    @Override
    public void close() {
        client.shutdownNow();
        members.forEach(Leash::close);
    }
}
