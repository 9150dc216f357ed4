import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { revocationOf, succeed, verified } from "./client-process.ts";
import { bindingFor } from "./external-account.ts";
import { clientDirectory, startAcme } from "./running-acme.ts";
import { serveWebRoot } from "./web-root.ts";

test("uacme issues, renews and revokes by http-01 with a hook and an external account binding", async () => {
  await using acme = await startAcme({ settings: { externalAccountRequired: true } });
  const { keyId, hmacKey } = bindingFor(acme, "uacme");
  const directory = await clientDirectory(acme, "uacme");
  const challenges = join(directory, "challenges");
  const hook = join(directory, "hook");
  await mkdir(challenges);
  // Called with: begin|done|failed, type, identifier, token, key authorization.
  await writeFile(
    hook,
    `#!/bin/sh\n[ "$2" = http-01 ] || exit 1\ncase $1 in begin) printf %s "$5" > "${challenges}/$4" ;; *) rm -f "${challenges}/$4" ;; esac\n`,
  );
  await chmod(hook, 0o700);
  await using _ = await serveWebRoot(acme.httpPort, challenges);
  const uacme = (...options: string[]) =>
    succeed("unshare", [
      ...["--map-root-user", "--mount", "sh", "-c"],
      // It knows no other file to trust: for its process alone another one is in that place.
      'mount --bind "$0" /etc/ssl/certs/ca-certificates.crt && exec uacme "$@"',
      acme.caFile,
      ...["-c", directory, "-a", acme.directoryUrl, ...options],
    ]);
  await uacme("-e", `${keyId}:${hmacKey}`, "-y", "new", "hostmaster@example.test");
  await uacme("-h", hook, "issue", "a.example.test", "b.example.test");
  const file = join(directory, "a.example.test/cert.pem");
  const first = await verified(acme, file, "b.example.test");
  await uacme("-f", "-h", hook, "issue", "a.example.test", "b.example.test");
  const second = await verified(acme, file, "a.example.test");
  assert.notEqual(second.serialNumber, first.serialNumber);
  await uacme("revoke", file);
  assert.notEqual(revocationOf(acme, second), undefined);
});
