import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { createTestIdentity } from "@metacircular/testkit/identity.ts";
import { createTestNameServer, type TestNameServer } from "@metacircular/testkit/name-server.ts";
import { createTestPebble, type TestPebble } from "@metacircular/testkit/pebble.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { NameServerClient } from "../client.ts";
import { administratorToken } from "./accounts.ts";
import { run } from "./processes.ts";

const zone = "example.org";
const keyName = "acme.key";

describe("stock ACME clients prove names by dynamic updates", () => {
  const stack = new AsyncDisposableStack();
  let directory: string;
  let server: TestNameServer;
  let pebble: TestPebble;
  let admin: NameServerClient;
  let secret: string;

  before(async () => {
    directory = stack.use(await createTemporaryDirectory()).path;
    const certificates = await createTestCertificates(join(directory, "tls"));
    const identity = stack.use(await createTestIdentity(join(directory, "mcias"), certificates));
    const ownToken = await identity.systemToken("mcns");
    server = stack.use(
      await createTestNameServer(join(directory, "mcns"), { certificates, identity, ownToken }),
    );
    pebble = stack.use(
      await createTestPebble(join(directory, "pebble"), { certificates, dnsPort: server.dnsPort }),
    );
    admin = stack.use(server.client(await administratorToken(identity)));
    ({ secret } = await admin.keys.createKey({ name: keyName }));
    await admin.zones.createZone({ zone: { name: zone, primary: "ns1", updateKeys: [keyName] } });
  });
  after(() => stack.disposeAsync());

  /** The certificate is for the name and its wildcard, and of the challenges nothing is left. */
  async function check(file: string, name: string): Promise<void> {
    const certificate = new X509Certificate(await readFile(file));
    assert.equal(certificate.subjectAltName?.split(", ").toSorted().join(" "), `DNS:*.${name} DNS:${name}`);
    const { records } = await admin.records.listRecords({ zone, type: "TXT" });
    assert.deepEqual(records, []);
    assert.ok(server.program.log.some((line) => line.includes(`key:${keyName}`)));
  }

  test("certbot with its plugin dns-rfc2136, wildcard and all", async () => {
    const name = `certbot.${zone}`;
    const credentials = join(directory, "rfc2136.ini");
    const settings = {
      server: "127.0.0.1",
      port: String(server.dnsPort),
      name: `${keyName}.`,
      secret,
      algorithm: "HMAC-SHA256",
    };
    const lines = Object.entries(settings).map(([option, value]) => `dns_rfc2136_${option} = ${value}`);
    await writeFile(credentials, `${lines.join("\n")}\n`, { mode: 0o600 });
    const folder = join(directory, "certbot");
    const { code, output } = await run(
      "certbot",
      [
        "certonly",
        "--non-interactive",
        "--agree-tos",
        "--register-unsafely-without-email",
        ...["--server", pebble.directoryUrl],
        "--dns-rfc2136",
        ...["--dns-rfc2136-credentials", credentials],
        ...["--dns-rfc2136-propagation-seconds", "0"],
        ...["--config-dir", folder, "--work-dir", folder, "--logs-dir", folder],
        ...["-d", name, "-d", `*.${name}`],
      ],
      { environment: { REQUESTS_CA_BUNDLE: server.caFile } },
    );
    assert.equal(code, 0, output);
    await check(join(folder, "live", name, "cert.pem"), name);
  });

  test("lego with its provider rfc2136, wildcard and all", async () => {
    const name = `lego.${zone}`;
    const folder = join(directory, "lego");
    const { code, output } = await run(
      "lego",
      [
        ...["--server", pebble.directoryUrl, "--accept-tos", "--email", `a@${zone}`, "--path", folder],
        ...["--dns", "rfc2136", "--dns.disable-cp", "--dns.resolvers", `127.0.0.1:${server.dnsPort}`],
        ...["--domains", name, "--domains", `*.${name}`],
        "run",
      ],
      {
        environment: {
          LEGO_CA_CERTIFICATES: server.caFile,
          RFC2136_NAMESERVER: `127.0.0.1:${server.dnsPort}`,
          RFC2136_TSIG_ALGORITHM: "hmac-sha256.",
          RFC2136_TSIG_KEY: keyName,
          RFC2136_TSIG_SECRET: secret,
          RFC2136_POLLING_INTERVAL: "1",
          RFC2136_SEQUENCE_INTERVAL: "0",
        },
      },
    );
    assert.equal(code, 0, output);
    await check(join(folder, "certificates", `${name}.crt`), name);
  });
});
