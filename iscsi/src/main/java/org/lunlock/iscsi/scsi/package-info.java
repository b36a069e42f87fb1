// SPDX-License-Identifier: Apache-2.0
/** SCSI commands and what they answer: SPC-4 and SBC-3. No I/O. */
@NullMarked
package org.lunlock.iscsi.scsi;

import org.jspecify.annotations.NullMarked;
