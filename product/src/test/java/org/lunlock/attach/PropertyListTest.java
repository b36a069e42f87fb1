// SPDX-License-Identifier: Apache-2.0
package org.lunlock.attach;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PropertyListTest {
    private static final String HEAD =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    + "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\""
                    + " \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n";

    @TempDir Path directory;

    private static PropertyList parse(String value) throws PropertyList.Malformed {
        return PropertyList.parse(HEAD + "<plist version=\"1.0\">" + value + "</plist>\n");
    }

    @Test
    void whatHdiutilPrintsIsRead() throws Exception {
        PropertyList list = PropertyList.parse(FakeMac.resource("attach-hfs.plist"));
        assertThat(list.dictionaries("system-entities"))
                .extracting(it -> it.text("dev-entry") + " " + it.isTrue("potentially-mountable"))
                .containsExactly("/dev/disk4 false", "/dev/disk4s1 true", "/dev/disk4s2 true");
    }

    @Test
    void valueOfAnotherTypeCountsAsAbsent() throws Exception {
        PropertyList list =
                parse("<dict><key>a</key><integer>1</integer><key>b</key><true/></dict>");
        assertThat(list.text("a")).isNull();
        assertThat(list.has("a")).isTrue();
        assertThat(list.isTrue("a")).isFalse();
        assertThat(list.isTrue("b")).isTrue();
        assertThat(list.dictionaries("b")).isEmpty();
        assertThat(list.text("c")).isNull();
    }

    @Test
    void textBeforeTheListIsPassedOver() throws Exception {
        String printed = "hdiutil: WARNING: something\n" + HEAD + "<plist><dict/></plist>";
        assertThat(PropertyList.parse(printed).has("a")).isFalse();
        assertThat(PropertyList.parse("<plist><dict/></plist>").has("a")).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "no list",
                "<?xml version=\"1.0\"?><html/>",
                "<plist/>",
                "<plist></plist>",
                "<plist><string>x</string></plist>",
                "<plist><dict><key>a</key></dict></plist>",
                "<plist><dict><string>a</string></dict></plist>",
                "<plist><dict><key>a</key><true/><key>a</key><true/></dict></plist>",
                "<plist><dict><key>a</key><b/></dict></plist>",
                "<plist><dict><key>a</key><true/></dict><dict/></plist>",
                "<plist><dict><key>a</key><string>cut o",
                "<plist><dict><key><string>a</string></key></dict></plist>",
                "<plist><dict><key>a</key><string>\u0001</string></dict></plist>"
            })
    void whatIsNoListIsRefused(String printed) {
        assertThatThrownBy(() -> PropertyList.parse(printed))
                .isInstanceOf(PropertyList.Malformed.class)
                .hasMessageNotContaining("\n");
    }

    @Test
    void depthAndSizeHaveTheirLimits() {
        String deep = "<array>".repeat(200_000);
        assertThatThrownBy(() -> parse("<dict><key>a</key>" + deep))
                .isInstanceOf(PropertyList.Malformed.class);
        assertThatThrownBy(() ->
                        parse("<dict><key>a</key><array>" + "<true/>".repeat(60_000) + "</array>"))
                .isInstanceOf(PropertyList.Malformed.class)
                .hasMessageContaining("larger");
    }

    @Test
    void entitiesAreNeitherFetchedNorExpanded() throws Exception {
        Path secret = Files.writeString(directory.resolve("secret"), "the secret");
        for (String definition :
                new String[] {
                    "<!ENTITY x SYSTEM \"" + secret.toUri() + "\">",
                    "<!ENTITY y \"the secret\"><!ENTITY x \"&y;&y;&y;&y;\">"
                }) {
            String printed =
                    "<?xml version=\"1.0\"?><!DOCTYPE plist ["
                            + definition
                            + "]><plist><dict><key>a</key><string>&x;</string></dict></plist>";
            String seen;
            try {
                seen = String.valueOf(PropertyList.parse(printed).text("a"));
            } catch (PropertyList.Malformed e) {
                seen = String.valueOf(e.getMessage());
            }
            assertThat(seen).doesNotContain("the secret");
        }
    }
}
