import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { type ChallengeServer, startChallengeServer } from "@metacircular/testkit/challenge-server.ts";
import { createTestCertificates, type TestCertificates } from "@metacircular/testkit/certificates.ts";
import { freePort } from "@metacircular/testkit/free-port.ts";
import { createTestPebble } from "@metacircular/testkit/pebble.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { type CertificateIssuer, createCertificateIssuer } from "../certificate-issuer.ts";
import type { NameRecords } from "../name-records.ts";
import { certificateRequest } from "./certificate-request.ts";
import { type Challenger, dnsChallenger, httpChallenger } from "./challenges.ts";
import { startChallengeResponder } from "./http-responder.ts";
import type { AcmeSettings } from "./session.ts";

const never = new AbortController().signal;

test("openssl reads a certificate request and its host name", () => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const longest = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.example.net`;
  for (const hostname of ["shop.example.net", longest]) {
    const input = certificateRequest(hostname, privateKey);
    const argv = ["req", "-inform", "DER", "-noout", "-verify", "-text"];
    const text = execFileSync("openssl", argv, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
    assert.match(text, new RegExp(`DNS:${hostname.replaceAll(".", String.raw`\.`)}`));
  }
});

function verify({ key, chain }: { key: string; chain: string }, hostname: string): void {
  const certificate = new X509Certificate(chain);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
  assert.equal(certificate.checkHost(hostname), hostname);
}

describe("getting certificates from Pebble", () => {
  const stack = new AsyncDisposableStack();
  let directory: string;
  let certificates: TestCertificates;
  let challenges: ChallengeServer;
  let files = 0;
  before(async () => {
    directory = stack.use(await createTemporaryDirectory()).path;
    certificates = await createTestCertificates(join(directory, "certificates"));
    challenges = stack.use(await startChallengeServer());
  });
  after(() => stack.disposeAsync());

  /** Tells the challenge server what the agent tells MCNS. */
  const records: NameRecords = {
    list: () => Promise.resolve([]),
    async replace({ name, data }) {
      await challenges.clearText(`${name}.example.net`);
      for (const text of data) await challenges.setText(`${name}.example.net`, JSON.parse(text) as string);
    },
  };

  function issuerAt(
    directoryUrl: string,
    challenger: (thumbprint: string) => Challenger,
    settings: Partial<AcmeSettings> = {},
  ): CertificateIssuer & AsyncDisposable & { readonly accountKeyFile: string } {
    files += 1;
    const accountKeyFile = join(directory, `account-${files}.pem`);
    const issuer = createCertificateIssuer({
      settings: {
        directoryUrl,
        caFile: certificates.caFile,
        contact: ["mailto:ops@example.net"],
        ...settings,
      },
      accountKeyFile,
      challenger,
      clock: systemClock,
    });
    return stack.use({ ...issuer, accountKeyFile });
  }

  const byDns = (thumbprint: string) => dnsChallenger(records, "example.net", thumbprint);

  test("proves by dns-01, several at once, and with one account", async () => {
    const { dnsPort } = challenges;
    await using pebble = await createTestPebble(join(directory, "dns"), { certificates, dnsPort });
    const issuer = issuerAt(pebble.directoryUrl, byDns);
    const hostnames = Array.from({ length: 6 }, (_, index) => `shop-${index}.example.net`);
    const issued = await Promise.all(hostnames.map((hostname) => issuer.issue(hostname, never)));
    for (const [index, hostname] of hostnames.entries()) {
      const one = issued[index];
      assert.ok(one !== undefined);
      verify(one, hostname);
    }
    assert.match(await readFile(issuer.accountKeyFile, "utf8"), /PRIVATE KEY/);
    assert.equal((await stat(issuer.accountKeyFile)).mode & 0o777, 0o600);
  });

  test("proves by http-01", async () => {
    const { dnsPort } = challenges;
    const httpPort = await freePort();
    const options = { certificates, dnsPort, httpPort };
    await using pebble = await createTestPebble(join(directory, "http"), options);
    await using responder = await startChallengeResponder({ host: "127.0.0.1", port: httpPort });
    const issuer = issuerAt(pebble.directoryUrl, (thumbprint) => httpChallenger(responder, thumbprint));
    verify(await issuer.issue("www.example.org", never), "www.example.org");
  });

  test("binds its account to one that the authority knows, and is refused without", async () => {
    const { dnsPort } = challenges;
    const key = randomBytes(32).toString("base64url");
    const options = { certificates, dnsPort, externalAccounts: { "kid-1": key } };
    await using pebble = await createTestPebble(join(directory, "binding"), options);
    const externalAccount = { keyId: "kid-1", key: () => Promise.resolve(key) };
    const bound = issuerAt(pebble.directoryUrl, byDns, { externalAccount });
    verify(await bound.issue("bound.example.net", never), "bound.example.net");
    const unbound = issuerAt(pebble.directoryUrl, byDns);
    await assert.rejects(unbound.issue("unbound.example.net", never), {
      code: "ACME_REFUSED",
      category: "failed-precondition",
      found: /externalAccountRequired/,
    });
  });

  test("says what is refused, what may succeed later, and where nobody answers", async () => {
    const { dnsPort } = challenges;
    await using pebble = await createTestPebble(join(directory, "refusing"), { certificates, dnsPort });
    const wrong: Challenger = {
      type: "dns-01",
      answer: () => Promise.resolve({ [Symbol.asyncDispose]: () => Promise.resolve() }),
    };
    const issuer = issuerAt(pebble.directoryUrl, () => wrong);
    await assert.rejects(issuer.issue("wrong.example.net", never), { code: "ACME_REFUSED" });
    await assert.rejects(issuerAt(pebble.directoryUrl, byDns).issue("www.example.org", never), {
      code: "HOSTNAME_OUTSIDE_ZONE",
    });
    await issuer.check(never);
    await pebble.stop();
    await assert.rejects(issuer.check(never), { category: "unavailable" });
    await assert.rejects(issuerAt(pebble.directoryUrl, byDns).issue("shop.example.net", never), {
      category: "unavailable",
    });
  });

  test("ends at once when it is broken off", async () => {
    const { dnsPort } = challenges;
    await using pebble = await createTestPebble(join(directory, "broken-off"), { certificates, dnsPort });
    const begun = Promise.withResolvers<void>();
    const slow: Challenger = {
      type: "dns-01",
      answer: (_, __, signal) => {
        begun.resolve();
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
        );
      },
    };
    const issuer = issuerAt(pebble.directoryUrl, () => slow);
    const caller = new AbortController();
    const issued = assert.rejects(issuer.issue("slow.example.net", caller.signal), /enough/);
    await begun.promise;
    caller.abort(new Error("enough"));
    await issued;
  });
});
