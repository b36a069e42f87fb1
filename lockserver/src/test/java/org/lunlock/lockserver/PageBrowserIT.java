// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.lockserver.TestServer.CLAIM_A;
import static org.lunlock.lockserver.TestServer.CLAIM_B;
import static org.lunlock.lockserver.TestServer.claimPath;

import java.io.IOException;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.lunlock.iscsi.testkit.Await;

/** The page, in a real Chromium. */
@NullMarked
class PageBrowserIT extends InBrowser {
    private void signIn() throws Exception {
        enter(boss);
        browser.awaitText("#link", "live");
    }

    @Test
    void showsWhoHoldsAndWhoWaitsAsItChanges() throws Exception {
        signIn();
        browser.awaitText("#empty", "Nobody has asked");
        server.claim(boss, "backup", CLAIM_A);
        browser.awaitText("article .host", "mac");
        browser.awaitText("article .command", "rsync");
        server.claim(boss, "backup", CLAIM_B);
        browser.awaitText("article .queue", "1 waiting");
        String waited = waitedFor();
        Await.until("time goes on", TestServer.WITHIN, () -> !waitedFor().equals(waited));
        server.send(
                boss,
                "POST",
                claimPath("backup", CLAIM_A) + "/renewals",
                "{\"writtenBytesPerSecond\":71400000}");
        browser.awaitText("article .facts", "writes\u00a071.4\u00a0MB/s");
        server.send(boss, "DELETE", claimPath("backup", CLAIM_B), null);
        server.send(boss, "DELETE", claimPath("backup", CLAIM_A), null);
        browser.awaitText("article .host", "Nobody has it.");
        browser.awaitText("article .timeline", "given back");
    }

    private String waitedFor() {
        try {
            return browser.run("return document.querySelector('.waiting .faint').textContent");
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void wrongTokenIsSaidSo() throws Exception {
        enter("lunlock_wrong");
        browser.awaitText("#sign-in-error", "no good bearer token");
    }

    @Test
    void saysThatTheConnectionIsLostAndComesBack() throws Exception {
        server.claim(boss, "backup", CLAIM_A);
        signIn();
        browser.awaitText("article .host", "mac");
        int port = server.port();
        server.close();
        browser.awaitText("#link", "connection lost");
        assertThat(browser.run("return document.body.className")).contains("lost");
        server = TestServer.start(store, port);
        browser.awaitText("#link", "live");
        browser.awaitText("article .host", "mac");
    }

    @Test
    void takingAVolumeAwayNeedsItsNameAndAReason() throws Exception {
        server.claim(boss, "backup", CLAIM_A);
        signIn();
        browser.awaitText("article .host", "mac");
        browser.click("article .head button");
        browser.awaitText("#unlock-loss", "mac has backup and is using it");
        browser.awaitText("#unlock-details", "its command is ended: rsync");
        browser.type("#unlock-reason", "on holiday");
        browser.type("#unlock-name", "backu");
        assertThat(browser.run("return document.querySelector('#unlock-go').disabled"))
                .isEqualTo("true");
        browser.type("#unlock-name", "p");
        browser.click("#unlock-go");
        browser.awaitText("article .host", "Nobody has it.");
        browser.awaitText("article .timeline", "taken away by boss: on holiday");
        assertThat(server.get(boss, claimPath("backup", CLAIM_A)).statusCode()).isEqualTo(410);
    }

    @Test
    void holderThatChangesMeanwhileLosesNothing() throws Exception {
        server.claim(boss, "backup", CLAIM_A);
        signIn();
        browser.awaitText("article .host", "mac");
        browser.click("article .head button");
        browser.awaitText("#unlock-loss", "mac has backup");
        server.send(boss, "DELETE", claimPath("backup", CLAIM_A), null);
        server.claim(boss, "backup", CLAIM_B);
        browser.awaitText("#unlock-changed", "The holder has changed");
        browser.type("#unlock-reason", "x");
        browser.type("#unlock-name", "backup");
        assertThat(browser.run("return document.querySelector('#unlock-go').disabled"))
                .isEqualTo("true");
    }

    @Test
    void whatHostsSayIsNeverMarkup() throws Exception {
        String script =
                "<img src=x onerror=\\\"document.title='owned'\\\"><script>document.title='owned'</script>";
        String body =
                "{\"host\":\"%s\",\"command\":\"%s\",\"leaseMillis\":15000}"
                        .formatted(script, script);
        server.send(boss, "PUT", claimPath("backup", CLAIM_A), body);
        server.send(boss, "PUT", claimPath("backup", CLAIM_B), body);
        signIn();
        browser.awaitText("article .host", "<img src=x onerror=");
        browser.awaitText("article .command", "<script>");
        browser.awaitText("article .waiter", "<img src=x");
        browser.awaitText("article .timeline", "<img src=x");
        browser.click("article .head button");
        browser.awaitText("#unlock-loss", "<img src=x");
        assertThat(
                        browser.run(
                                "return document.querySelectorAll('main img, dialog img, main script').length"))
                .isEqualTo("0");
        assertThat(browser.run("return document.title")).isEqualTo("lunlock");
    }
}
