// SPDX-License-Identifier: Apache-2.0
/** What tests share: property runs, scripted peers, real targets. */
@NullMarked
package org.lunlock.iscsi.testkit;

import org.jspecify.annotations.NullMarked;
