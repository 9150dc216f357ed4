import assert from "node:assert/strict";
import { glob, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { shownCertificate, startDaemon, succeed, revocationOf } from "./client-process.ts";
import { bindingFor } from "./external-account.ts";
import { clientDirectory, type RunningAcme, startAcme } from "./running-acme.ts";

// With the minute before now that certificates begin, a third of it is left after seconds: caddy then renews.
const renewedAfterSecondsS = 36;
const name = "a.example.test";

test("caddy issues by tls-alpn-01 with an external account binding, and renews", async () => {
  await using acme = await startAcme({
    settings: { externalAccountRequired: true, certificateLifetimeSeconds: renewedAfterSecondsS },
  });
  const { keyId, hmacKey } = bindingFor(acme, "caddy");
  await using caddy = await startCaddy(acme, ["disable_http_challenge", `eab ${keyId} ${hmacKey}`]);
  const first = await eventually(() => shownCertificate(acme, name), 120_000);
  await eventually(async () => {
    const second = await shownCertificate(acme, name);
    assert.notEqual(second.serialNumber, first.serialNumber, caddy.output());
  }, 120_000);
  assert.equal(acme.store.bindings.get(keyId)?.accounts, 1);
});

test("caddy issues by http-01, and its certificate is revoked with its key by certbot", async () => {
  await using acme = await startAcme();
  await using _ = await startCaddy(acme, ["disable_tlsalpn_challenge"]);
  const shown = await eventually(() => shownCertificate(acme, name), 120_000);
  const directory = await clientDirectory(acme, "certbot");
  const stored = await storedCertificate(acme);
  await succeed(
    "certbot",
    [
      ...[
        "revoke",
        "-n",
        "--server",
        acme.directoryUrl,
        "--no-delete-after-revoke",
        "--reason",
        "keycompromise",
      ],
      ...["--cert-path", `${stored}.crt`, "--key-path", `${stored}.key`],
      ...["--config-dir", directory, "--work-dir", directory, "--logs-dir", directory],
    ],
    { REQUESTS_CA_BUNDLE: acme.caFile, HOME: directory },
  );
  assert.equal(revocationOf(acme, shown), "keyCompromise");
});

/** The file of the certificate without its extension; caddy names the folder after the authority. */
async function storedCertificate(acme: RunningAcme): Promise<string> {
  const [found] = await Array.fromAsync(
    glob(join(acme.directory, "caddy/storage/certificates/*", name, "*.crt")),
  );
  assert.ok(found !== undefined);
  return found.replace(/\.crt$/u, "");
}

async function startCaddy(acme: RunningAcme, issuer: readonly string[]) {
  const directory = await clientDirectory(acme, "caddy");
  const file = join(directory, "Caddyfile");
  await writeFile(
    file,
    `{
  admin off
  http_port ${acme.httpPort}
  https_port ${acme.tlsPort}
  storage file_system ${directory}/storage
  renew_interval 1s
  ocsp_stapling off
}
${name} {
  respond "hello"
  tls {
    issuer acme {
      email hostmaster@example.test
      dir ${acme.directoryUrl}
      trusted_roots ${acme.caFile}
      ${issuer.join("\n      ")}
    }
  }
}
`,
  );
  return startDaemon("caddy", ["run", "--config", file, "--adapter", "caddyfile"], { HOME: directory });
}
