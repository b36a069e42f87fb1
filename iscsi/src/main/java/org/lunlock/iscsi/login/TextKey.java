// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.login;

/** One {@code key=value} as it stands in a text. RFC 7143 §6.1 (Text Format). */
public record TextKey(String name, String value) {
    static TextKey of(Key key, String value) {
        return new TextKey(key.text(), value);
    }
}
