import assert from "node:assert/strict";
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { createLogger } from "@metacircular/mcdsl/log/logger.ts";
import { type SelfSigned, selfSignedFor } from "@metacircular/testkit/self-signed.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import { MovedClock } from "../test/moved-clock.ts";
import { parseCertificate } from "./certificate.ts";
import { CertificateKeeper } from "./keeper.ts";

const dayMs = 86_400_000;
let first: SelfSigned;
let second: SelfSigned;

before(async () => {
  [first, second] = await Promise.all([
    selfSignedFor(10, ["a.example.org", "A2.example.org"]),
    selfSignedFor(50, ["a.example.org"]),
  ]);
});

async function aKeeper() {
  const root = await createTemporaryDirectory();
  const directory = join(root.path, "certs");
  const keptDirectory = join(root.path, "kept");
  await mkdir(directory);
  const clock = new MovedClock();
  const lines: string[] = [];
  const logger = createLogger({
    name: "t",
    level: "debug",
    destination: { write: (line) => lines.push(line) },
  });
  const open = () => new CertificateKeeper({ directory, keptDirectory, clock, logger });
  return {
    directory,
    keptDirectory,
    clock,
    lines,
    open,
    write: (name: string, text: string) => writeFile(join(directory, name), text, { mode: 0o600 }),
    [Symbol.asyncDispose]: () => root[Symbol.asyncDispose](),
  };
}

const fingerprint = ({ pem }: SelfSigned): string => {
  const parsed = parseCertificate("x", pem);
  return "certificate" in parsed ? parsed.certificate.fingerprint : assert.fail();
};

describe("the certificate directory", () => {
  test("may hold key and certificate in one file, in any order, or in two", async () => {
    await using fixture = await aKeeper();
    await fixture.write("one.pem", first.pem);
    await fixture.write("turned.pem", first.certificate + first.key);
    await fixture.write("two.pem", first.certificate);
    await fixture.write("two.key", first.key);
    await fixture.write(".half-written.pem", "x");
    await fixture.write("README", "x");
    const { certificates, problems } = await fixture.open().read();
    assert.deepEqual(problems, []);
    assert.deepEqual(
      certificates.map(({ name }) => name),
      ["one", "turned", "two"],
    );
    for (const { names, pem } of certificates) {
      assert.deepEqual(names, ["a.example.org", "a2.example.org"]);
      assert.equal(pem, `${first.key.trim()}\n${first.certificate.trim()}\n`);
    }
  });

  test("is read again only where something changed", async () => {
    await using fixture = await aKeeper();
    await fixture.write("a.pem", first.pem);
    const keeper = fixture.open();
    await keeper.read();
    await fixture.write("a.pem", second.pem);
    const { certificates } = await keeper.read();
    assert.deepEqual(
      certificates.map((each) => each.fingerprint),
      [fingerprint(second)],
    );
  });

  const broken: readonly [string, () => string, RegExp][] = [
    ["is empty", () => "", /no private key/],
    ["is cut off", () => second.pem.slice(0, -200), /no certificate/],
    ["has the key of another", () => second.certificate + first.key, /belongs to none/],
    ["is damaged", () => second.pem.replaceAll("MI", "!!"), /damaged/],
    ["has no key", () => second.certificate, /no private key/],
    ["has two keys", () => first.pem + second.key, /more than one/],
  ];
  for (const [what, text, expected] of broken) {
    test(`keeps the old certificate where the new file ${what}, also over a restart`, async () => {
      await using fixture = await aKeeper();
      await fixture.write("a.pem", first.pem);
      const keeper = fixture.open();
      await keeper.read();
      await fixture.write("a.pem", text());
      for (const each of [keeper, fixture.open()]) {
        const { certificates, problems } = await each.read();
        assert.deepEqual(
          certificates.map((certificate) => certificate.fingerprint),
          [fingerprint(first)],
        );
        assert.match(problems.join("\n"), expected);
        assert.match(problems.join("\n"), /^certificate file a\.pem: .*the one before it is used$/u);
        assert.doesNotMatch(problems.join("\n") + fixture.lines.join("\n"), /PRIVATE KEY/u);
      }
      await fixture.write("a.pem", second.pem);
      const mended = await keeper.read();
      assert.deepEqual(mended.problems, []);
      assert.equal(mended.certificates[0]?.fingerprint, fingerprint(second));
    });
  }

  test("keeps the one that is valid where the new file has ended already", async () => {
    await using fixture = await aKeeper();
    await fixture.write("a.pem", second.pem);
    const keeper = fixture.open();
    fixture.clock.aheadMs = 20 * dayMs;
    await keeper.read();
    await fixture.write("a.pem", first.pem);
    const { certificates, problems } = await keeper.read();
    assert.equal(certificates[0]?.fingerprint, fingerprint(second));
    assert.match(problems.join(), /it ended at .*the one before it is used/u);
  });

  test("serves what has ended, and what has not begun by a wrong clock, and says so", async () => {
    await using fixture = await aKeeper();
    await fixture.write("a.pem", first.pem);
    const keeper = fixture.open();
    for (const [aheadMs, expected] of [
      [100 * dayMs, /it ended at/u],
      [-10_000 * dayMs, /it begins at .*is the clock right/u],
    ] as const) {
      fixture.clock.aheadMs = aheadMs;
      const { certificates, problems } = await keeper.read();
      assert.equal(certificates.length, 1);
      assert.match(problems.join(), expected);
    }
  });

  test("loses a certificate with its file", async () => {
    await using fixture = await aKeeper();
    await fixture.write("a.pem", first.pem);
    const keeper = fixture.open();
    await keeper.read();
    await rm(join(fixture.directory, "a.pem"));
    assert.deepEqual(await keeper.read(), { certificates: [], problems: [] });
    assert.deepEqual(await readdir(fixture.keptDirectory), []);
    assert.deepEqual((await fixture.open().read()).certificates, []);
  });

  test("keeps all where the directory is gone, and says so", async () => {
    await using fixture = await aKeeper();
    await fixture.write("a.pem", first.pem);
    const keeper = fixture.open();
    await keeper.read();
    await rename(fixture.directory, `${fixture.directory}.away`);
    const { certificates, problems } = await keeper.read();
    assert.equal(certificates.length, 1);
    assert.match(problems.join(), /ENOENT/u);
  });

  test("warns of private keys that everybody may read, and keeps copies that nobody may", async () => {
    await using fixture = await aKeeper();
    await fixture.write("a.pem", first.pem);
    await chmod(join(fixture.directory, "a.pem"), 0o644);
    const { certificates, problems } = await fixture.open().read();
    assert.equal(certificates.length, 1);
    assert.match(problems.join(), /chmod 600/u);
    assert.equal((await stat(join(fixture.keptDirectory, "a.pem"))).mode & 0o777, 0o600);
    assert.equal((await stat(fixture.keptDirectory)).mode & 0o777, 0o700);
  });

  test("refuses what is no regular file, too large, or oddly named", async () => {
    await using fixture = await aKeeper();
    await mkdir(join(fixture.directory, "directory.pem"));
    await fixture.write("large.pem", first.pem + "#".repeat(300_000));
    await fixture.write("a b.pem", first.pem);
    const { certificates, problems } = await fixture.open().read();
    assert.deepEqual(certificates, []);
    assert.match(
      problems.join("\n"),
      /a b\.pem: its name must be[^]*directory\.pem: it is not a regular[^]*large\.pem: it is larger/u,
    );
  });
});
