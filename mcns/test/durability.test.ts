import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createTestCertificates } from "@metacircular/testkit/certificates.ts";
import { eventually } from "@metacircular/testkit/eventually.ts";
import { createTestIdentity } from "@metacircular/testkit/identity.ts";
import { createTestNameServer, type TestNameServer } from "@metacircular/testkit/name-server.ts";
import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";
import type { NameServerClient } from "../client.ts";
import { administratorToken } from "./accounts.ts";
import { run } from "./processes.ts";

const zone = "example.org";
const rounds = 5;
const writers = 3;
/** A server is killed when it has acknowledged so many in a round, each time at another point. */
const leastInRound = 20;

describe("a name server that is killed while it is written to", () => {
  const stack = new AsyncDisposableStack();
  let server: TestNameServer;
  let admin: NameServerClient;
  let key: string;

  before(async () => {
    const directory = stack.use(await createTemporaryDirectory()).path;
    const certificates = await createTestCertificates(join(directory, "tls"));
    const identity = stack.use(await createTestIdentity(join(directory, "mcias"), certificates));
    const ownToken = await identity.systemToken("mcns");
    server = stack.use(
      await createTestNameServer(join(directory, "mcns"), { certificates, identity, ownToken }),
    );
    admin = stack.use(server.client(await administratorToken(identity)));
    const { secret } = await admin.keys.createKey({ name: "update.key" });
    key = `hmac-sha256:update.key:${secret}`;
    await admin.zones.createZone({ zone: { name: zone, primary: "ns1", updateKeys: ["update.key"] } });
  });
  after(() => stack.disposeAsync());

  test("has every record that it acknowledged, and never goes back with its serial number", async () => {
    const acknowledged: string[] = [];
    let highest = 0;
    let count = 0;

    /** Writes until the server is gone. */
    async function writeByGrpc(): Promise<void> {
      for (;;) {
        const name = `g${(count += 1)}`;
        try {
          const data = [`"${name}"`];
          const { serial } = await admin.records.replaceRecords({ zone, name, type: "TXT", data });
          acknowledged.push(name);
          highest = Math.max(highest, serial);
        } catch {
          return;
        }
      }
    }

    async function writeByUpdate(): Promise<void> {
      for (;;) {
        const name = `u${(count += 1)}`;
        const lines = [`server 127.0.0.1 ${server.dnsPort}`, `zone ${zone}`];
        const input = [...lines, `update add ${name}.${zone} 60 TXT "${name}"`, "send", ""].join("\n");
        const { code } = await run("nsupdate", ["-t", "30", "-r", "0", "-v", "-y", key], { input });
        if (code !== 0) return;
        acknowledged.push(name);
      }
    }

    for (let round = 1; round <= rounds; round += 1) {
      const until = acknowledged.length + leastInRound + round * 7;
      const writing = Promise.all([...Array.from({ length: writers }, writeByGrpc), writeByUpdate()]);
      await eventually(() => assert.ok(acknowledged.length >= until), 120_000);
      await server.kill();
      await writing;
      await server.start();
      const { records } = await admin.records.listRecords({ zone, type: "TXT", limit: 10_000 });
      const found = new Set(records.map(({ name, data }) => `${name} ${data}`));
      const lost = acknowledged.filter((name) => !found.has(`${name} "${name}"`));
      assert.deepEqual(lost, [], `round ${round}`);
      const { serial } = await admin.zones.getZone({ name: zone });
      assert.ok(serial >= highest, `${serial} after ${highest}`);
      highest = serial;
    }
    assert.ok(acknowledged.some((name) => name.startsWith("u")));
  });

  test("lets writers at one name take turns, and ends with what one of them wrote last", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        admin.records.replaceRecords({ zone, name: "shared", type: "A", data: [`192.0.2.${index + 1}`] }),
      ),
    );
    const serials = outcomes.map(({ serial }) => serial);
    assert.equal(new Set(serials).size, serials.length, "each change has a serial number of its own");
    const last = outcomes.find(({ serial }) => serial === Math.max(...serials));
    const { records } = await admin.records.listRecords({ zone, name: "shared" });
    assert.deepEqual(
      records.map(({ data }) => data),
      last?.records.map(({ data }) => data),
    );
  });
});
