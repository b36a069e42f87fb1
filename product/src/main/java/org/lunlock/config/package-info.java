// SPDX-License-Identifier: Apache-2.0
/**
 * What a host is told and what it remembers: where its files are, lunlock.toml, and the state that
 * must outlive a reboot. Uses no other package of the product.
 */
@NullMarked
package org.lunlock.config;

import org.jspecify.annotations.NullMarked;
