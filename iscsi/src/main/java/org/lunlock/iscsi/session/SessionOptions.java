// SPDX-License-Identifier: Apache-2.0
package org.lunlock.iscsi.session;

import org.jspecify.annotations.Nullable;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Isid;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.login.Credentials;
import org.lunlock.iscsi.login.LoginParameters;

/**
 * Whom to log in to, as whom, and how.
 *
 * @param initiator this host's name
 * @param isid with the name and the target it is the I_T nexus: keep it for the host's life
 * @param credentials null to log in without authentication
 */
public record SessionOptions(
        Portal portal,
        IscsiName target,
        IscsiName initiator,
        Isid isid,
        @Nullable Credentials credentials,
        LoginParameters parameters,
        Timeouts timeouts) {}
