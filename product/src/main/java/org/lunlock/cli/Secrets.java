// SPDX-License-Identifier: Apache-2.0
package org.lunlock.cli;

import java.util.regex.Pattern;

/** Secrets in arguments, which every user of this machine can read while the command runs. */
final class Secrets {
    private static final Pattern IN_URL = Pattern.compile("iscsi://[^/@]*%[^/]*@.*");

    private Secrets() {}

    /** Warns on standard error when a URL holds a secret. */
    static void warnIfIn(String url, Globals globals) {
        if (IN_URL.matcher(url).matches()) {
            warn(globals);
        }
    }

    static void warn(Globals globals) {
        Terminal.standardError(globals)
                .line(
                        "warning: the secret on the command line can be seen by every user of this"
                                + " machine: use --chap-secret-file");
    }
}
