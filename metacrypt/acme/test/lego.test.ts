import assert from "node:assert/strict";
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { revocationOf, run, succeed, verified } from "./client-process.ts";
import { bindingFor } from "./external-account.ts";
import { clientDirectory, type RunningAcme, startAcme } from "./running-acme.ts";

test("lego issues, renews and revokes by http-01", async () => {
  await using acme = await startAcme();
  const lego = await legoFor(acme, ["--http", "--http.port", `:${acme.httpPort}`, "-d", "a.example.test"]);
  await lego("run");
  const file = join(acme.directory, "lego/certificates/a.example.test.crt");
  const first = await verified(acme, file, "a.example.test");
  await lego("renew", "--days", "400", "--no-random-sleep");
  const second = await verified(acme, file, "a.example.test");
  assert.notEqual(second.serialNumber, first.serialNumber);
  await lego("revoke", "--reason", "4");
  assert.equal(revocationOf(acme, second), "superseded");
});

test("lego issues by tls-alpn-01 with an external account binding", async () => {
  await using acme = await startAcme({ settings: { externalAccountRequired: true } });
  const { keyId, hmacKey } = bindingFor(acme, "lego");
  const eab = ["--eab", "--kid", keyId, "--hmac", hmacKey];
  const lego = await legoFor(acme, [
    ...["--tls", "--tls.port", `:${acme.tlsPort}`, "-d", "a.example.test"],
    ...eab,
  ]);
  await lego("run");
  await verified(acme, join(acme.directory, "lego/certificates/a.example.test.crt"), "a.example.test");
  assert.equal(acme.store.bindings.get(keyId)?.accounts, 1);
});

test("lego issues a wildcard by dns-01 with a program that sets the record", async () => {
  await using acme = await startAcme();
  const directory = await clientDirectory(acme, "lego");
  const program = join(directory, "set-record");
  const record = `"${acme.recordsDirectory}/\${2%.}"`;
  await writeFile(
    program,
    `#!/bin/sh\nif [ "$1" = present ]; then echo "$3" >> ${record}; else rm -f ${record}; fi\n`,
  );
  await chmod(program, 0o700);
  const lego = await legoFor(
    acme,
    ["--dns", "exec", "--dns.disable-cp", "--dns.resolvers", acme.names.address, "-d", "*.example.test"],
    { EXEC_PATH: program },
  );
  await lego("run");
  const file = join(acme.directory, "lego/certificates/_.example.test.crt");
  await verified(acme, file, "anything.example.test");
});

test("lego is told which name could not be validated and why", async () => {
  await using acme = await startAcme({ config: { validation_attempts: 1 } });
  acme.names.missing.add("gone.example.test");
  const directory = await clientDirectory(acme, "lego");
  const { code, output } = await run(
    "lego",
    legoArgv(acme, directory, [
      "--http",
      "--http.port",
      `:${acme.httpPort}`,
      "-d",
      "gone.example.test",
      "run",
    ]),
    { LEGO_CA_CERTIFICATES: acme.caFile, HOME: directory },
  );
  assert.notEqual(code, 0);
  assert.match(output, /acme:error:dns :: gone\.example\.test has no address/u);
});

async function legoFor(
  acme: RunningAcme,
  options: readonly string[],
  environment: Record<string, string> = {},
): Promise<(command: string, ...parameters: string[]) => Promise<string>> {
  const directory = await clientDirectory(acme, "lego");
  const trust = { LEGO_CA_CERTIFICATES: acme.caFile, HOME: directory, ...environment };
  return (command, ...parameters) =>
    succeed("lego", legoArgv(acme, directory, [...options, command, ...parameters]), trust);
}

function legoArgv(acme: RunningAcme, directory: string, options: readonly string[]): string[] {
  const account = ["--server", acme.directoryUrl, "--accept-tos", "--email", "hostmaster@example.test"];
  return [...account, "--path", directory, ...options];
}
