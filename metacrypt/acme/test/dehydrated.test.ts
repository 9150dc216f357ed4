import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { revocationOf, succeed, verified } from "./client-process.ts";
import { bindingFor } from "./external-account.ts";
import { clientDirectory, type RunningAcme, startAcme } from "./running-acme.ts";
import { serveWebRoot } from "./web-root.ts";

test("dehydrated issues, renews and revokes by http-01 with an external account binding", async () => {
  await using acme = await startAcme({ settings: { externalAccountRequired: true } });
  const { keyId, hmacKey } = bindingFor(acme, "dehydrated");
  const { directory, dehydrated } = await dehydratedFor(acme, [
    "CHALLENGETYPE=http-01",
    `EAB_KID=${keyId}`,
    `EAB_HMAC_KEY=${hmacKey}`,
  ]);
  await using _ = await serveWebRoot(acme.httpPort, join(directory, "challenges"));
  await dehydrated("--register", "--accept-terms");
  await dehydrated("--cron", "-d", "a.example.test b.example.test");
  const file = join(directory, "certs/a.example.test/fullchain.pem");
  const first = await verified(acme, file, "b.example.test");
  await dehydrated("--cron", "--force", "-d", "a.example.test b.example.test");
  const second = await verified(acme, file, "a.example.test");
  assert.notEqual(second.serialNumber, first.serialNumber);
  await dehydrated("--revoke", join(directory, "certs/a.example.test/cert.pem"));
  assert.equal(revocationOf(acme, second), "unspecified");
});

test("dehydrated issues a wildcard by dns-01 with a hook", async () => {
  await using acme = await startAcme();
  const hook = join(acme.directory, "hook");
  const record = `"${acme.recordsDirectory}/_acme-challenge.$2"`;
  await writeFile(
    hook,
    `#!/bin/sh\ncase $1 in deploy_challenge) echo "$4" >> ${record} ;; clean_challenge) rm -f ${record} ;; esac\n`,
  );
  await chmod(hook, 0o700);
  const { directory, dehydrated } = await dehydratedFor(acme, ["CHALLENGETYPE=dns-01", `HOOK=${hook}`]);
  await dehydrated("--register", "--accept-terms");
  await dehydrated("--cron", "--alias", "wild", "-d", "*.example.test");
  await verified(acme, join(directory, "certs/wild/fullchain.pem"), "anything.example.test");
});

async function dehydratedFor(acme: RunningAcme, settings: readonly string[]) {
  const directory = await clientDirectory(acme, "dehydrated");
  await mkdir(join(directory, "challenges"));
  const config = join(directory, "config");
  const lines = [
    `CA=${acme.directoryUrl}`,
    `BASEDIR=${directory}`,
    `WELLKNOWN=${directory}/challenges`,
    `CURL_OPTS="--cacert ${acme.caFile}"`,
    "KEYSIZE=2048",
    "KEY_ALGO=prime256v1",
    ...settings,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const dehydrated = (...options: string[]) =>
    succeed("dehydrated", ["--config", config, ...options], { HOME: directory }, directory);
  return { directory, dehydrated };
}
