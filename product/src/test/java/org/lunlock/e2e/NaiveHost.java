// SPDX-License-Identifier: Apache-2.0
package org.lunlock.e2e;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import org.lunlock.attach.AttachSpec;
import org.lunlock.attach.Attachment;
import org.lunlock.attach.Leftovers;
import org.lunlock.block.LunDevice;
import org.lunlock.block.LunGeometry;
import org.lunlock.config.Durations;
import org.lunlock.iscsi.IscsiName;
import org.lunlock.iscsi.Lun;
import org.lunlock.iscsi.Portal;
import org.lunlock.iscsi.session.Session;
import org.lunlock.iscsi.session.SessionListener;
import org.lunlock.iscsi.session.SessionOptions;
import org.lunlock.iscsi.testkit.PlainLogin;
import org.lunlock.lockserver.api.ClaimRequest;
import org.lunlock.lockserver.api.ClaimStatus;
import org.lunlock.lockserver.api.RenewalRequest;
import org.lunlock.lockserver.client.HttpLockService;
import org.lunlock.lockserver.client.ServiceClaim;

/**
 * What one would write with a lock on a web server that has a time to live, and an initiator: takes
 * the lock, renews it, mounts, runs a script, unmounts, gives the lock back; ends the script when
 * it hears that the lock is gone. It is a program for one run.
 */
final class NaiveHost {
    private static final Lun DISK = new Lun(1);

    private NaiveHost() {}

    /** Name, runtime directory, portal, target, lock server, token, time to live, script. */
    public static void main(String[] words) throws Exception {
        Path runtime = Path.of(words[1]);
        Leftovers.clear(runtime);
        var service = new HttpLockService(URI.create(words[4]), words[5], null);
        long leaseMillis = Durations.parse(words[6]).toMillis();
        long pid = ProcessHandle.current().pid();
        ClaimRequest wish = new ClaimRequest(words[0], pid, words[7], leaseMillis);
        int status;
        try (ServiceClaim claim = new ServiceClaim(service, "naive", wish, System::nanoTime)) {
            await(claim);
            status = withLock(claim, words, runtime);
        }
        System.exit(status);
    }

    private static void await(ServiceClaim claim) throws InterruptedException {
        while (true) {
            try {
                ClaimStatus status = claim.next().get();
                if (status.token() != null) {
                    return;
                }
            } catch (ExecutionException e) {
                Thread.sleep(Duration.ofMillis(500)); // the server may be down: ask again
            }
        }
    }

    private static int withLock(ServiceClaim claim, String[] words, Path runtime) throws Exception {
        SessionOptions options =
                PlainLogin.options(
                        Portal.parse(words[2]), IscsiName.of(words[3]), "naive-" + words[0], 1);
        AttachSpec.Mount mount = new AttachSpec.Mount(runtime.resolve("mnt"), true, "", null);
        try (Session session = Session.open(options, SessionListener.NONE)) {
            LunGeometry geometry = LunGeometry.of(session, DISK);
            try (LunDevice device = new LunDevice(session, DISK, geometry, false);
                    Attachment at =
                            Attachment.open(
                                    new AttachSpec("naive", runtime, mount), device, () -> 0)) {
                String script = words[7].replace("{}", String.valueOf(at.mountPoint()));
                Process command = new ProcessBuilder("sh", "-c", script).inheritIO().start();
                claim.keep(() -> RenewalRequest.NOTHING_TOLD, _ -> command.destroy());
                return command.waitFor();
            }
        }
    }
}
