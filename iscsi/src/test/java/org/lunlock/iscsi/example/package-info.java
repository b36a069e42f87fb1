// SPDX-License-Identifier: Apache-2.0
/** What a program that uses the library looks like. */
@NullMarked
package org.lunlock.iscsi.example;

import org.jspecify.annotations.NullMarked;
