// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lunlock.iscsi.IscsiException;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.pdu.LoginRequest;
import org.lunlock.iscsi.pdu.LoginResponse;
import org.lunlock.iscsi.pdu.SerialNumber;
import org.lunlock.iscsi.pdu.Stage;

/** The target's side of a login, one step a request; remembers what it was asked. */
final class LoginScript implements LoginChannel {
    static final IscsiName INITIATOR = new IscsiName("iqn.2026-11.org.lunlock:host-a");
    static final IscsiName TARGET = new IscsiName("iqn.2026-11.org.lunlock:disk");
    static final Isid ISID = new Isid(0x8000_1234_5678L);
    static final LoginIdentity NORMAL = LoginIdentity.normal(INITIATOR, ISID, 77, TARGET);
    static final LoginIdentity DISCOVERY = LoginIdentity.discovery(INITIATOR, ISID, 77);

    private static final int TSIH = 0x0100;
    private static final int FIRST_STAT_SN = 0xffffffff;

    /** Answers one request. */
    interface Step {
        LoginAnswer answer(LoginRequest request, Map<String, String> keys) throws IscsiException;
    }

    private final Deque<Step> steps = new ArrayDeque<>();
    private final List<LoginRequest> requests = new ArrayList<>();
    private final List<Map<String, String>> heard = new ArrayList<>();
    private final List<Integer> lengths = new ArrayList<>();

    /** Answered by this step from now on, whenever no other is left. */
    private Step forever =
            (request, keys) -> {
                throw new AssertionError("the script has no answer to " + request + keys);
            };

    static LoginScript of(Step... steps) {
        LoginScript script = new LoginScript();
        script.steps.addAll(Arrays.asList(steps));
        return script;
    }

    LoginScript then(Step step) {
        forever = step;
        return this;
    }

    @Override
    public LoginAnswer exchange(LoginRequest request, ByteBuffer text) throws IscsiException {
        assertThat(text.remaining()).isEqualTo(request.dataSegmentLength());
        Map<String, String> keys =
                request.continues() || previousContinues() ? Map.of() : map(TextKeys.parse(text));
        requests.add(request);
        heard.add(keys);
        lengths.add(text.remaining());
        Step step = steps.isEmpty() ? forever : steps.remove();
        return step.answer(requests.size() == 1 ? atFirstStatSn(request) : request, keys);
    }

    /** The first request cannot know where the target begins to count. */
    private static LoginRequest atFirstStatSn(LoginRequest request) {
        return new LoginRequest(
                request.transit(),
                request.continues(),
                request.currentStage(),
                request.nextStage(),
                request.versionMax(),
                request.versionMin(),
                request.dataSegmentLength(),
                request.isid(),
                request.tsih(),
                request.initiatorTaskTag(),
                request.cid(),
                request.cmdSn(),
                FIRST_STAT_SN);
    }

    private boolean previousContinues() {
        return !requests.isEmpty() && requests.getLast().continues();
    }

    List<LoginRequest> requests() {
        return requests;
    }

    List<Map<String, String>> heard() {
        return heard;
    }

    List<Integer> lengths() {
        return lengths;
    }

    int stepsLeft() {
        return steps.size();
    }

    /** Says keys, and goes along when the initiator wants to go on. */
    static Step agrees(String... keys) {
        return (request, heard) -> answer(response(request, request.transit(), false, 0), keys);
    }

    /** Says keys, and stays in the stage. */
    static Step stays(String... keys) {
        return (request, heard) -> answer(response(request, false, false, 0), keys);
    }

    /** Says a piece of text that goes on in the next response. */
    static Step begins(String piece) {
        return (request, heard) -> new LoginAnswer(response(request, false, true, 0), bytes(piece));
    }

    /** Says the last piece of text. */
    static Step ends(String piece) {
        return (request, heard) ->
                new LoginAnswer(response(request, request.transit(), false, 0), bytes(piece));
    }

    static Step refuses(int status, String... keys) {
        return (request, heard) -> answer(response(request, false, false, status), keys);
    }

    static LoginAnswer answer(LoginResponse response, String... keys) {
        return new LoginAnswer(response, TextKeys.format(keys(keys)));
    }

    static LoginResponse response(
            LoginRequest request, boolean transit, boolean continues, int status) {
        return new LoginResponse(
                transit,
                continues,
                request.currentStage(),
                transit ? request.nextStage() : request.currentStage(),
                0,
                0,
                0,
                request.isid(),
                transit && request.nextStage() == Stage.FULL_FEATURE_PHASE ? TSIH : 0,
                request.initiatorTaskTag(),
                request.expStatSn(),
                request.cmdSn(),
                SerialNumber.plus(request.cmdSn(), 63),
                status >> 8,
                status & 0xff);
    }

    static LoginResponse lastResponse() {
        Stage stage = Stage.LOGIN_OPERATIONAL_NEGOTIATION;
        Stage next = Stage.FULL_FEATURE_PHASE;
        return new LoginResponse(
                true, false, stage, next, 0, 0, 0, ISID, TSIH, 0, 5, 77, 140, 0, 0);
    }

    static List<TextKey> keys(String... keys) {
        return Arrays.stream(keys)
                .map(key -> {
                    int equals = key.indexOf('=');
                    return new TextKey(key.substring(0, equals), key.substring(equals + 1));
                })
                .toList();
    }

    static Map<String, String> map(List<TextKey> keys) {
        Map<String, String> map = new LinkedHashMap<>();
        keys.forEach(key -> assertThat(map.put(key.name(), key.value())).isNull());
        return map;
    }

    private static ByteBuffer bytes(String text) {
        return ByteBuffer.wrap(text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }
}
