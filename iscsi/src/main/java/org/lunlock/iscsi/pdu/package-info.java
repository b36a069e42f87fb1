// SPDX-License-Identifier: Apache-2.0
/**
 * One record per PDU, decode beside encode, and serial numbers. No I/O. RFC 7143 §11 (iSCSI PDU
 * Formats).
 */
@NullMarked
package org.lunlock.iscsi.pdu;

import org.jspecify.annotations.NullMarked;
