import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { revocationOf, succeed, run, verified } from "./client-process.ts";
import { bindingFor } from "./external-account.ts";
import { clientDirectory, type RunningAcme, startAcme } from "./running-acme.ts";

test("certbot issues, renews and revokes by http-01 with its own web server", async () => {
  await using acme = await startAcme();
  const certbot = await certbotFor(acme);
  const standalone = ["--standalone", "--http-01-port", String(acme.httpPort)];
  await certbot("certonly", ...standalone, "-d", "a.example.test", "-d", "b.example.test");
  const file = join(acme.directory, "certbot/live/a.example.test/fullchain.pem");
  const first = await verified(acme, file, "b.example.test");
  await certbot("renew", "--force-renewal", "--no-random-sleep-on-renew");
  const second = await verified(acme, file, "a.example.test");
  assert.notEqual(second.serialNumber, first.serialNumber);
  await certbot(
    "revoke",
    "--cert-name",
    "a.example.test",
    "--reason",
    "superseded",
    "--no-delete-after-revoke",
  );
  assert.equal(revocationOf(acme, second), "superseded");
  assert.equal(revocationOf(acme, first), undefined);
});

test("certbot issues a wildcard by dns-01 with hooks", async () => {
  await using acme = await startAcme();
  const certbot = await certbotFor(acme);
  const record = `${acme.recordsDirectory}/_acme-challenge.$CERTBOT_DOMAIN`;
  await certbot(
    "certonly",
    "--manual",
    ...["--preferred-challenges", "dns"],
    ...["--manual-auth-hook", `echo "$CERTBOT_VALIDATION" >> ${record}`],
    ...["--manual-cleanup-hook", `rm -f ${record}`],
    ...["-d", "example.test", "-d", "*.example.test"],
  );
  const file = join(acme.directory, "certbot/live/example.test/fullchain.pem");
  await verified(acme, file, "anything.example.test");
  await verified(acme, file, "example.test");
});

test("certbot opens an account with an external account binding, and none without", async () => {
  await using acme = await startAcme({ settings: { externalAccountRequired: true } });
  const certbot = await certbotFor(acme);
  const refused = await certbot.attempt("register");
  assert.notEqual(refused.code, 0);
  assert.match(refused.output, /external account/iu);
  const { keyId, hmacKey } = bindingFor(acme, "web-team");
  await certbot("register", "--eab-kid", keyId, "--eab-hmac-key", hmacKey);
  const [account] = [...acme.store.accounts.values()];
  assert.equal(account?.binding?.subject, "web-team");
  assert.equal(acme.store.bindings.get(keyId)?.accounts, 1);
});

interface Certbot {
  (command: string, ...options: string[]): Promise<string>;
  attempt(command: string, ...options: string[]): ReturnType<typeof run>;
}

async function certbotFor(acme: RunningAcme): Promise<Certbot> {
  const directory = await clientDirectory(acme, "certbot");
  const own = ["--config-dir", directory, "--work-dir", directory, "--logs-dir", directory];
  const common = [
    "--server",
    acme.directoryUrl,
    "--agree-tos",
    "-m",
    "hostmaster@example.test",
    "--no-eff-email",
  ];
  const environment = { REQUESTS_CA_BUNDLE: acme.caFile, HOME: directory };
  const argv = (command: string, options: string[]): string[] => [
    command,
    "-n",
    ...own,
    ...common,
    ...options,
  ];
  const certbot = (command: string, ...options: string[]) =>
    succeed("certbot", argv(command, options), environment);
  return Object.assign(certbot, {
    attempt: (command: string, ...options: string[]) => run("certbot", argv(command, options), environment),
  });
}
