// SPDX-License-Identifier: Apache-2.0
package org.lunlock.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lunlock.block.BlockDevice;
import org.lunlock.block.BlockRequest;

/** A request that is made once and waited for. */
public final class TestRequest extends BlockRequest {
    private final CompletableFuture<Boolean> done = new CompletableFuture<>();

    public static TestRequest read(long offset, ByteBuffer into) {
        TestRequest request = new TestRequest();
        request.transfer(Operation.READ, offset, into, false);
        return request;
    }

    public static TestRequest write(long offset, byte[] data, boolean forceUnitAccess) {
        TestRequest request = new TestRequest();
        ByteBuffer direct = ByteBuffer.allocateDirect(data.length).put(data).flip();
        request.transfer(Operation.WRITE, offset, direct, forceUnitAccess);
        return request;
    }

    public static TestRequest of(Operation operation, long offset, long length) {
        TestRequest request = new TestRequest();
        request.command(operation, offset, length);
        return request;
    }

    public static TestRequest zeroesKeepingSpace(long offset, long length) {
        TestRequest request = new TestRequest();
        request.zeroKeepingSpace(offset, length);
        return request;
    }

    public TestRequest on(BlockDevice device) {
        device.submit(this);
        return this;
    }

    public boolean isDone() {
        return done.isDone();
    }

    /** Waits for its end. */
    public TestRequest await() throws IOException {
        try {
            done.get(30, TimeUnit.SECONDS);
            return this;
        } catch (ExecutionException e) {
            throw new IOException(String.valueOf(e.getMessage()), e);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(operation() + " does not end", e);
        }
    }

    @Override
    protected void completed(@Nullable IOException failure) {
        boolean first = failure == null ? done.complete(true) : done.completeExceptionally(failure);
        if (!first) {
            throw new AssertionError("completed twice");
        }
    }
}
