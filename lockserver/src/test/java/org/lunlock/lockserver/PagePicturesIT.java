// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lunlock.lockserver.TestServer.claimPath;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.LockTable;
import org.lunlock.lockserver.model.Now;
import org.lunlock.lockserver.store.sqlite.SqliteLocks;

/**
 * The page as people see it after a busy day: on a desk and on a phone, light and dark. The
 * pictures are kept in {@code lockserver/target/pictures}.
 */
@NullMarked
class PagePicturesIT extends InBrowser {
    private static final char TAB = '\uE004';
    private static final char ENTER = '\uE007';
    private static final char ESCAPE = '\uE00C';
    private static final char LEFT = '\uE012';

    @Override
    void fill(Path store) throws Exception {
        try (SqliteLocks locks = SqliteLocks.open(store)) {
            Instant now = Instant.now();
            LockTable table = locks.load(new Now(0, now));
            held(table, now, "backup", "mars", "rsync -a /home/ {}/mars/", 630, 43, "");
            held(table, now, "backup", "venus", "rsync -a /srv/ {}/venus/", 580, 12, "");
            held(table, now, "backup", "ada-laptop.example.org", "borg create", 300, 95, "");
            held(table, now, "backup", "mars", "rsync -a /home/ {}/mars/", 190, 41, "it hangs");
            held(table, now, "backup", "venus", "rsync -a /srv/ {}/venus/", 60, 14, "");
            held(table, now, "photos", "ada-laptop.example.org", "digikam", 2000, 200, "");
            locks.commit(table.takeChanges(), List.of(), new Now(0, now));
        }
    }

    @BeforeEach
    void today() throws Exception {
        claim("backup", "mars", "rsync -a --delete /home/ /mnt/backup/mars/");
        claim("backup", "venus", "rsync -a /srv/ /mnt/backup/venus/");
        claim("backup", "ada-laptop.example.org", "borg create /mnt/backup::today /home/ada");
        browser.size(1100, 900);
        enter(boss);
        browser.awaitText("article .host", "mars");
        browser.awaitText("article .facts", "writes\u00a071.4\u00a0MB/s");
        browser.awaitText("article .timeline", "taken away by boss: it hangs");
    }

    /** Some minutes ago, for some minutes; until it was taken away where there is a reason. */
    private static void held(
            LockTable table,
            Instant now,
            String volume,
            String host,
            String command,
            int minutesAgo,
            int minutes,
            String reason)
            throws Exception {
        Instant since = now.minus(Duration.ofMinutes(minutesAgo));
        Instant end = since.plus(Duration.ofMinutes(minutes));
        Claimant claimant = new Claimant(host, host, 4242, command);
        String id = UUID.randomUUID().toString();
        Claim wish = new Claim(id, volume, claimant, Duration.ofDays(1), since, null);
        Claim granted = table.claim(wish, new Now(0, since));
        if (reason.isEmpty()) {
            table.release(volume, id, host, new Now(0, end));
        } else {
            long token = granted.grant() == null ? 0 : granted.grant().token();
            table.force(volume, token, "boss", reason, new Now(0, end));
        }
    }

    private void claim(String volume, String host, String command) throws Exception {
        String path = claimPath(volume, UUID.randomUUID().toString());
        String body =
                "{\"host\":\"%s\",\"pid\":4242,\"command\":\"%s\",\"leaseMillis\":600000}"
                        .formatted(host, command);
        if (TestServer.status(server.send(boss, "PUT", path, body)).token() != null) {
            String rates = "{\"readBytesPerSecond\":8200,\"writtenBytesPerSecond\":71400000}";
            server.send(boss, "POST", path + "/renewals", rates);
        }
    }

    private void assertNothingSticksOut() throws Exception {
        String wider = "return document.documentElement.scrollWidth > window.innerWidth";
        assertThat(browser.run(wider)).isEqualTo("false");
    }

    @Test
    void fitsOnADeskAndOnAPhoneLightAndDark() throws Exception {
        for (String scheme : List.of("light", "dark")) {
            browser.scheme(scheme);
            browser.size(1100, 900);
            browser.picture("desk-" + scheme);
            assertNothingSticksOut();
            browser.size(390, 844);
            browser.picture("phone-" + scheme);
            assertNothingSticksOut();
            browser.run("window.scrollTo(0, 700)");
            browser.picture("phone-below-" + scheme);
            browser.click("article .head button");
            browser.picture("phone-unlock-" + scheme);
            assertNothingSticksOut();
            browser.press(ESCAPE);
        }
        browser.scheme("light");
        browser.size(1100, 900);
        browser.click("article details summary");
        browser.awaitText("article .rows", "given back");
        browser.picture("desk-table");
        browser.click("article .head button");
        browser.type("#unlock-reason", "mars is away until Monday");
        browser.type("#unlock-name", "backup");
        browser.picture("desk-unlock");
        browser.press(ESCAPE);
        server.stop();
        browser.awaitText("#link", "connection lost");
        browser.picture("desk-lost");
    }

    @Test
    void canBeUsedWithoutAMouse() throws Exception {
        browser.run("document.body.focus()");
        tabTo("article .head button");
        browser.press(ENTER);
        browser.awaitText("#unlock-loss", "mars has backup and is using it");
        assertThat(focused("#unlock-reason")).isTrue();
        browser.press(ESCAPE);
        assertThat(browser.run("return document.querySelector('#unlock').open")).isEqualTo("false");
        assertThat(focused("article .head button")).as("back where it was").isTrue();
        browser.press(TAB);
        assertThat(browser.run("return document.activeElement.getAttribute('aria-label')"))
                .as("the latest holding")
                .contains("and has it still");
        browser.press(LEFT);
        assertThat(browser.run("return document.activeElement.getAttribute('aria-label')"))
                .as("the one before")
                .startsWith("venus, ")
                .contains("given back");
        browser.press(TAB);
        assertThat(focused("article summary")).as("one stop for all of the past").isTrue();
        browser.press(ENTER);
        browser.awaitText("article .rows", "taken away by boss: it hangs");
    }

    private boolean focused(String selector) throws Exception {
        return browser.run(
                        "return document.activeElement === document.querySelector('%s')"
                                .formatted(selector))
                .equals("true");
    }

    private void tabTo(String selector) throws Exception {
        for (int i = 0; i < 10 && !focused(selector); i++) {
            browser.press(TAB);
        }
        assertThat(focused(selector)).as(selector + " is reached by the tab key").isTrue();
    }

    @Test
    void tellsAScreenReaderWhatIsWhat() throws Exception {
        assertThat(browser.role("#volumes")).isEqualTo("region");
        assertThat(browser.label("#volumes")).isEqualTo("Volumes");
        assertThat(browser.label("article")).isEqualTo("backup");
        assertThat(browser.role("article h2")).isEqualTo("heading");
        assertThat(browser.role("article .lease")).isEqualTo("meter");
        assertThat(browser.label("article .lease")).isEqualTo("Lease");
        assertThat(browser.run("return document.querySelector('.lease').ariaValueText"))
                .contains("left");
        assertThat(browser.label("article .head button"))
                .isEqualTo("Take backup away from its holder");
        assertThat(browser.role("article .waiting")).isEqualTo("list");
        assertThat(browser.label("article .timeline svg")).isEqualTo("Who held it when");
        assertThat(browser.role("article .timeline rect")).isEqualTo("listitem");
        assertThat(browser.label("article .timeline rect")).contains("mars, from");
        assertThat(browser.role("#link")).isEqualTo("status");
        browser.click("article .head button");
        assertThat(browser.role("#unlock")).isEqualTo("dialog");
        assertThat(browser.label("#unlock")).isEqualTo("Take the volume away");
        assertThat(browser.label("#unlock-name")).isEqualTo("Type the volume’s name to confirm.");
    }
}
