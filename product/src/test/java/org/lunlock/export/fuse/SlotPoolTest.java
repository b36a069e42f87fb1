// SPDX-License-Identifier: Apache-2.0
package org.lunlock.export.fuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.posix.CallState;
import org.lunlock.posix.Descriptor;
import org.lunlock.posix.PosixException;

class SlotPoolTest {
    @TempDir Path directory;
    private Descriptor fuse;
    private SlotPool pool;

    @BeforeEach
    void open() throws Exception {
        fuse = Descriptor.open(Files.createFile(directory.resolve("fuse")), Descriptor.READ_WRITE);
        pool = new SlotPool(2, fuse, new FailureLog("test"));
    }

    private Slot take() throws InterruptedException {
        return Objects.requireNonNull(pool.take());
    }

    private CompletableFuture<@Nullable Slot> takeElsewhere() {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return pool.take();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
    }

    private boolean descriptorIsOpen() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(1);
            return fuse.read(buffer, new CallState(arena)) == 0;
        } catch (PosixException e) {
            return false;
        }
    }

    @Test
    void slotUsedLastIsGivenOutFirst() throws Exception {
        Slot first = take();
        Slot second = take();
        first.drop();
        second.drop();
        assertThat(take()).isSameAs(second);
    }

    @Test
    void whoeverFindsNoneWaitsForOne() throws Exception {
        Slot first = take();
        take();
        var waiting = takeElsewhere();
        first.drop();
        assertThat(waiting.get(5, TimeUnit.SECONDS)).isSameAs(first);
    }

    @Test
    void closeWakesWhoeverWaits() throws Exception {
        take();
        take();
        var waiting = takeElsewhere();
        pool.close();
        assertThat(waiting.get(5, TimeUnit.SECONDS)).isNull();
    }

    @Test
    void descriptorStaysOpenUntilTheLastSlotIsBack() throws Exception {
        Slot slot = take();
        pool.close();
        assertThat(descriptorIsOpen()).isTrue();
        assertThat(pool.awaitIdle(Duration.ofMillis(1))).isFalse();
        slot.drop();
        assertThat(pool.awaitIdle(Duration.ofSeconds(1))).isTrue();
        assertThat(descriptorIsOpen()).isFalse();
    }

    @Test
    void requestThatCompletesTwiceIsABug() throws Exception {
        Slot slot = take();
        slot.drop();
        assertThatThrownBy(slot::drop).isInstanceOf(IllegalStateException.class);
    }
}
