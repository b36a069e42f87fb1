// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

/** What fills a line: the call, then notes one way and replies the other. */
public sealed interface Document permits Call, Note, Reply {}
