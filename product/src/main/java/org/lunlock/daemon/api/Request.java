// SPDX-License-Identifier: Apache-2.0
package org.lunlock.daemon.api;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonTypeName;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the daemon can be asked for. A connection that ends takes its request back. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
public sealed interface Request {

    /** Takes a volume's lock and attaches it. */
    sealed interface Acquire extends Request {
        String volume();

        boolean readOnly();

        /** Whether the file system is mounted; if not, the volume is a device only. */
        boolean mount();

        /** How long another holder is waited for; 0 not at all, null without limit. */
        @Nullable Long waitMillis();

        Asker asker();

        /** What is said about it in the place of the configuration. */
        Choice choice();
    }

    /** Holds the volume for a command that the asker runs, and as long as it stays connected. */
    @JsonTypeName("run")
    record Run(
            String volume,
            boolean readOnly,
            boolean mount,
            @Nullable Long waitMillis,
            Asker asker,
            Choice choice)
            implements Acquire {
        public Run {
            Objects.requireNonNull(volume);
            Objects.requireNonNull(asker);
            Objects.requireNonNull(choice);
        }
    }

    /** Holds the volume, mounted, until {@link Unmount}. */
    @JsonTypeName("mount")
    record Mount(
            String volume, boolean readOnly, @Nullable Long waitMillis, Asker asker, Choice choice)
            implements Acquire {
        public Mount {
            Objects.requireNonNull(volume);
            Objects.requireNonNull(asker);
            Objects.requireNonNull(choice);
        }

        @Override
        public boolean mount() {
            return true;
        }
    }

    /** Holds the volume as a device until {@link Detach}. */
    @JsonTypeName("attach")
    record Attach(
            String volume, boolean readOnly, @Nullable Long waitMillis, Asker asker, Choice choice)
            implements Acquire {
        public Attach {
            Objects.requireNonNull(volume);
            Objects.requireNonNull(asker);
            Objects.requireNonNull(choice);
        }

        @Override
        public boolean mount() {
            return false;
        }
    }

    /** Holds the volume for clients of an export, as long as the asker stays connected. */
    @JsonTypeName("export")
    record Export(
            String volume,
            boolean readOnly,
            @Nullable Long waitMillis,
            Asker asker,
            Choice choice,
            ExportSpec spec)
            implements Acquire {
        public Export {
            Objects.requireNonNull(volume);
            Objects.requireNonNull(asker);
            Objects.requireNonNull(choice);
            Objects.requireNonNull(spec);
        }

        @Override
        public boolean mount() {
            return false;
        }
    }

    /**
     * Holds the lock server's lock of this name, without a volume, for a command that the asker
     * runs, and as long as it stays connected.
     */
    @JsonTypeName("lock")
    record Lock(String volume, @Nullable Long waitMillis, Asker asker) implements Acquire {
        public Lock {
            Objects.requireNonNull(volume);
            Objects.requireNonNull(asker);
        }

        @Override
        public boolean readOnly() {
            return false;
        }

        @Override
        public boolean mount() {
            return false;
        }

        @Override
        public Choice choice() {
            return Choice.NONE;
        }
    }

    /**
     * Gives a mounted volume back.
     *
     * @param force also if it is in use: what uses it sees I/O errors
     */
    @JsonTypeName("unmount")
    record Unmount(String volume, boolean force) implements Request {
        public Unmount {
            Objects.requireNonNull(volume);
        }
    }

    /**
     * Gives an attached volume back.
     *
     * @param force as in {@link Unmount}
     */
    @JsonTypeName("detach")
    record Detach(String volume, boolean force) implements Request {
        public Detach {
            Objects.requireNonNull(volume);
        }
    }

    /**
     * Asks what this host holds.
     *
     * @param volume null for all
     * @param watch whether a new {@link Event.Snapshot} follows every second until the asker leaves
     */
    @JsonTypeName("status")
    record Status(@Nullable String volume, boolean watch) implements Request {}

    /** Asks the targets who holds what. */
    @JsonTypeName("locks")
    record Locks() implements Request {}

    /**
     * Takes a volume's lock away from whoever has it.
     *
     * @param reason for the history
     */
    @JsonTypeName("unlock")
    record Unlock(String volume, String reason, Asker asker) implements Request {
        public Unlock {
            Objects.requireNonNull(volume);
            Objects.requireNonNull(reason);
            Objects.requireNonNull(asker);
        }
    }

    /**
     * Asks a portal for its targets.
     *
     * @param portal host, host:port or [v6]:port; behind {@link #ISNS} that of an iSNS server
     * @param secretFile an absolute path: the secret itself never travels
     */
    @JsonTypeName("discover")
    record Discover(String portal, @Nullable String user, @Nullable String secretFile)
            implements Request {
        /** What an iSNS server's portal begins with. */
        public static final String ISNS = "isns://";

        public Discover {
            Objects.requireNonNull(portal);
        }
    }

    /** Asks a logical unit about itself; needs no lock. */
    @JsonTypeName("scsi")
    record Scsi(ScsiQuestion question, String volumeOrUrl) implements Request {
        public Scsi {
            Objects.requireNonNull(question);
            Objects.requireNonNull(volumeOrUrl);
        }

        /** Without the URL, which can hold a secret. */
        @Override
        public String toString() {
            return "Scsi[" + question + "]";
        }
    }

    /** Asks the daemon about itself. */
    @JsonTypeName("daemon")
    record Daemon() implements Request {}

    /**
     * Ends what runs, gives everything back and stops the daemon.
     *
     * @param force whether volumes that are in use are given back too; if not, they keep it alive
     */
    @JsonTypeName("stop")
    record Stop(boolean force) implements Request {}
}
