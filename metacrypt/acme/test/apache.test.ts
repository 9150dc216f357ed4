import assert from "node:assert/strict";
import { chmod, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { revocationOf, shownCertificate, startDaemon, succeed } from "./client-process.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { bindingFor } from "./external-account.ts";
import { type RunningAcme, startAcme } from "./running-acme.ts";

const modules = "/usr/lib/apache2/modules";
const name = "a.example.test";
// With the minute before now that certificates begin, a third of it is left after seconds: mod_md then renews.
const renewedAfterSecondsS = 36;

for (const challenge of ["http-01", "tls-alpn-01"]) {
  test(`Apache's mod_md issues by ${challenge} with an external account binding, and renews`, async () => {
    await using acme = await startAcme({
      settings: { certificateLifetimeSeconds: renewedAfterSecondsS, externalAccountRequired: true },
    });
    await using own = await createTemporaryDirectory();
    const directory = own.path;
    const config = await writeConfiguration(acme, directory, challenge);
    await using _ = startDaemon("apache2", ["-d", directory, "-f", config, "-D", "FOREGROUND"]);
    const reload = () => succeed("apache2", ["-d", directory, "-f", config, "-k", "graceful"]);

    // What is new is used from the next graceful restart on.
    await staged(directory);
    await reload();
    const first = await eventually(() => shownCertificate(acme, name));
    await staged(directory);
    await reload();
    const second = await eventually(async () => {
      const shown = await shownCertificate(acme, name);
      assert.notEqual(shown.serialNumber, first.serialNumber);
      return shown;
    });
    assert.equal(revocationOf(acme, second), undefined);
  });
}

/** Resolves when there is a certificate that waits for the next graceful restart. */
function staged(directory: string): Promise<string> {
  return eventually(async () => {
    try {
      return await readFile(join(directory, "md/staging", name, "pubcert.pem"), "utf8");
    } catch (cause) {
      throw new Error(await readFile(join(directory, "error.log"), "utf8"), { cause });
    }
  }, 120_000);
}

async function writeConfiguration(acme: RunningAcme, directory: string, challenge: string): Promise<string> {
  // Its workers are another user, who reads these.
  await chmod(directory, 0o755);
  const { keyId, hmacKey } = bindingFor(acme, "apache");
  await copyFile(acme.caFile, join(directory, "ca.pem"));
  const config = join(directory, "apache.conf");
  await writeFile(
    config,
    `ServerName ${name}
ServerAdmin hostmaster@example.test
PidFile ${directory}/apache.pid
Mutex file:${directory} default
ErrorLog ${directory}/error.log
LogLevel warn md:info
User www-data
Group www-data
LoadModule mpm_event_module ${modules}/mod_mpm_event.so
LoadModule authz_core_module ${modules}/mod_authz_core.so
LoadModule ssl_module ${modules}/mod_ssl.so
LoadModule md_module ${modules}/mod_md.so
Listen 127.0.0.1:${acme.httpPort}
Listen 127.0.0.1:${acme.tlsPort}
MDStoreDir ${directory}/md
MDCertificateAuthority ${acme.directoryUrl}
MDCACertificateFile ${directory}/ca.pem
MDCertificateAgreement accepted
MDExternalAccountBinding ${keyId} ${hmacKey}
MDCAChallenges ${challenge}
MDPortMap http:${acme.httpPort} https:${acme.tlsPort}
MDRetryDelay 1s
MDCheckInterval 1s
MDomain ${name}
Protocols http/1.1 acme-tls/1
<VirtualHost 127.0.0.1:${acme.httpPort}>
  ServerName ${name}
</VirtualHost>
<VirtualHost 127.0.0.1:${acme.tlsPort}>
  ServerName ${name}
  SSLEngine on
</VirtualHost>
`,
  );
  return config;
}
