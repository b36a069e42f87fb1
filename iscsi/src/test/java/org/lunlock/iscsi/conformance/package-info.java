// SPDX-License-Identifier: Apache-2.0
/**
 * What RFC 7143 demands of an initiator, one MUST a test, against a scripted target. The rows of
 * docs/compliance.md name these tests.
 */
@NullMarked
package org.lunlock.iscsi.conformance;

import org.jspecify.annotations.NullMarked;
