// SPDX-License-Identifier: Apache-2.0
/**
 * Partition tables, read from a device and believed only when they are whole: GPT as UEFI has it,
 * and MBR with its chain of logical partitions.
 */
@NullMarked
package org.lunlock.block.partition;

import org.jspecify.annotations.NullMarked;
