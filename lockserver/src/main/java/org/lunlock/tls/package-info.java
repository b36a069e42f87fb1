// SPDX-License-Identifier: Apache-2.0
/** TLS from PEM files, for whoever serves or asks. */
@NullMarked
package org.lunlock.tls;

import org.jspecify.annotations.NullMarked;
