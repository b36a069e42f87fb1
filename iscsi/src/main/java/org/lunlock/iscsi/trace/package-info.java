// SPDX-License-Identifier: Apache-2.0
/** What is said to targets, as a capture that Wireshark and tshark read. */
@NullMarked
package org.lunlock.iscsi.trace;

import org.jspecify.annotations.NullMarked;
