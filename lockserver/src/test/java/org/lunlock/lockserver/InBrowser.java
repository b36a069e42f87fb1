// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.lunlock.lockserver.store.Right;

/** The page of a lock server, in a real Chromium, for somebody who may do everything. */
@NullMarked
abstract class InBrowser {
    @TempDir Path directory;
    Path store;
    TestServer server;
    Browser browser;
    String boss;

    @BeforeEach
    void start() throws Exception {
        store = Files.createDirectory(directory.resolve("store"));
        fill(store);
        server = TestServer.start(store);
        boss = server.token("boss", Right.ADMIN, "*");
        browser = Browser.start(directory);
    }

    /** What happened before the server starts. */
    void fill(Path store) throws Exception {}

    @AfterEach
    void stop() throws Exception {
        try {
            if (browser != null) { // not there when Chromium is missing
                browser.close();
            }
        } finally {
            server.close();
        }
    }

    final void enter(String token) throws Exception {
        browser.open(server.address() + "/");
        browser.type("#token", token);
        browser.click("#sign-in .primary");
    }
}
