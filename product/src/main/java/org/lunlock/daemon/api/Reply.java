// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** A line from the daemon: any number of events, then one result or failure. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
public sealed interface Reply extends Document permits Event, Result, Failure {}
