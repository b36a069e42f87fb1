// SPDX-License-Identifier: Apache-2.0
package org.lunlock.lockserver.store.sqlite;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import org.lunlock.lockserver.api.AuditStatus;
import org.lunlock.lockserver.model.Claim;
import org.lunlock.lockserver.model.Claim.Grant;
import org.lunlock.lockserver.model.Claimant;
import org.lunlock.lockserver.model.Ending;
import org.lunlock.lockserver.store.Holding;

/** What the rows of {@link LockSchema} mean. */
final class Rows {
    private Rows() {}

    static Claim claim(ResultSet row) throws SQLException {
        long token = row.getLong("token");
        Grant grant = null;
        if (!row.wasNull()) {
            Instant at = instant(row, "granted_at");
            grant = new Grant(token, at, at, null);
        }
        return new Claim(
                row.getString("id"),
                row.getString("volume"),
                claimant(row),
                Duration.ofMillis(row.getLong("lease_millis")),
                instant(row, "claimed_at"),
                grant);
    }

    static Holding holding(ResultSet row) throws SQLException {
        return new Holding(
                row.getString("volume"),
                row.getString("claim"),
                row.getLong("token"),
                claimant(row),
                instant(row, "claimed_at"),
                instant(row, "granted_at"),
                instant(row, "renewed_at"),
                instant(row, "ended_at"),
                Ending.valueOf(row.getString("ending")),
                row.getString("ended_by"),
                row.getString("reason"));
    }

    static AuditStatus audit(ResultSet row) throws SQLException {
        return new AuditStatus(
                instant(row, "at"),
                row.getString("what"),
                row.getString("principal"),
                row.getString("address"),
                row.getString("volume"),
                row.getString("claim"),
                row.getLong("token"),
                row.getString("detail"));
    }

    private static Claimant claimant(ResultSet row) throws SQLException {
        return new Claimant(
                row.getString("principal"),
                row.getString("host"),
                row.getLong("pid"),
                row.getString("command"));
    }

    private static Instant instant(ResultSet row, String column) throws SQLException {
        return Instant.ofEpochMilli(row.getLong(column));
    }
}
