import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import tls from "node:tls";
import { after, before, test } from "node:test";
import { type RunningMetacrypt, runMetacrypt } from "@metacircular/testkit/metacrypt.ts";
import { createSmallDisk } from "@metacircular/testkit/small-disk.ts";
import { createWorld, type World } from "@metacircular/testkit/metacrypt-world.ts";

let world: World;

before(async () => {
  world = await createWorld();
  const authority = readFileSync(world.certificates.caFile, "utf8");
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority]);
});
after(() => world[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly code: string;
  readonly body: Record<string, unknown>;
}

async function call(
  metacrypt: RunningMetacrypt,
  method: string,
  path: string,
  body?: object,
): Promise<Answer> {
  const response = await fetch(`${metacrypt.rest}${path}`, {
    method,
    headers: { authorization: `Bearer ${metacrypt.tokens.admin}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const parsed = (await response.json()) as Record<string, unknown> & { error?: { code: string } };
  return { status: response.status, code: parsed.error?.code ?? "", body: parsed };
}

const putRule = (metacrypt: RunningMetacrypt, id: string): Promise<Answer> =>
  call(metacrypt, "PUT", `/v1/policy/rules/${id}`, { priority: 1, effect: "EFFECT_DENY" });

async function ruleIds(metacrypt: RunningMetacrypt): Promise<Set<string>> {
  const { body, status } = await call(metacrypt, "GET", "/v1/policy/rules");
  assert.equal(status, 200, JSON.stringify(body));
  return new Set((body["rules"] as { id: string }[]).map(({ id }) => id));
}

/** Writes rules one after the other until the server is gone; the ids that were acknowledged. */
async function writeUntilKilled(
  metacrypt: RunningMetacrypt,
  prefix: string,
  onAcknowledged: () => void,
): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let count = 0; count < 100; count += 1) {
    const id = `${prefix}-${count}`;
    const answer = await putRule(metacrypt, id).catch(() => undefined);
    if (answer === undefined) break;
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    acknowledged.push(id);
    onAcknowledged();
  }
  return acknowledged;
}

const rounds = 6;
const writers = 3;

test("killed at any moment of writing, the server comes back unsealed with everything it acknowledged", async () => {
  await using metacrypt = await runMetacrypt(world, { args: ["--unattended-key-file"] });
  const acknowledged: string[] = [];
  let cut = 0;
  for (let round = 0; round < rounds; round += 1) {
    // Another moment in each round: within the first writes, later, and while all records get a new key.
    const moment = Promise.withResolvers<void>();
    let left = 1 + round * 7;
    const onAcknowledged = (): void => {
      left -= 1;
      if (left === 0) moment.resolve();
    };
    const writing = Array.from({ length: writers }, (_, writer) =>
      writeUntilKilled(metacrypt, `r${round}-w${writer}`, onAcknowledged),
    );
    await moment.promise;
    const rekeyed =
      round % 2 === 1 ? call(metacrypt, "POST", "/v1/sys/rekey").catch(() => undefined) : undefined;
    await metacrypt.kill();
    await rekeyed;
    for (const ids of await Promise.all(writing)) {
      acknowledged.push(...ids);
      if (ids.length < 100) cut += 1;
    }
    await metacrypt.start();
    const found = await ruleIds(metacrypt);
    assert.deepEqual(
      acknowledged.filter((id) => !found.has(id)),
      [],
      `lost in round ${round}`,
    );
  }
  assert.ok(acknowledged.length > rounds, `only ${acknowledged.length} were acknowledged`);
  assert.ok(cut > rounds, `only ${cut} writers were interrupted`);
  const verified = await call(metacrypt, "GET", "/v1/audit/verification");
  assert.equal(verified.body["intact"], true, JSON.stringify(verified.body));
  const done = new Set<string>();
  for (let after = 0; ;) {
    const { body } = await call(metacrypt, "GET", `/v1/audit/entries?after=${after || 1}&limit=1000`);
    const entries = body["entries"] as { sequence: string; operation: string; subject: string }[];
    for (const { operation, subject } of entries) if (operation === "policy/put-rule") done.add(subject);
    if (entries.length < 1_000) break;
    after = Number(entries.at(-1)?.sequence);
  }
  assert.deepEqual(
    acknowledged.filter((id) => !done.has(id)),
    [],
    "not in the audit log",
  );
});

test("with its disk full the server refuses what it cannot write down, says why, and goes on when there is room", async () => {
  await using disk = await createSmallDisk(2_048);
  const init = { args: ["--unattended-key-file"] };
  await using metacrypt = await runMetacrypt(world, init, { databaseDirectory: disk.path });
  assert.equal((await putRule(metacrypt, "before")).status, 200);
  disk.fill();
  for (const answer of [
    await putRule(metacrypt, "lost"),
    await call(metacrypt, "GET", "/v1/policy/rules"),
    await call(metacrypt, "POST", "/v1/mounts", { name: "pki", type: "ca" }),
    await call(metacrypt, "POST", "/v1/sys/rekey"),
    await call(metacrypt, "DELETE", "/v1/policy/rules/before"),
  ]) {
    assert.deepEqual([answer.status, answer.code], [503, "AUDIT_UNAVAILABLE"]);
  }
  assert.equal((await call(metacrypt, "GET", "/v1/sys/status")).status, 200);
  // Sealing is the safe side: it is done, and the answer says that it could not be written down.
  assert.equal((await call(metacrypt, "POST", "/v1/sys/seal")).code, "AUDIT_UNAVAILABLE");
  assert.equal((await call(metacrypt, "GET", "/v1/sys/status")).body["sealed"], true);
  disk.free();
  await metacrypt.stop();
  await metacrypt.start();
  assert.deepEqual([...(await ruleIds(metacrypt))], ["before"]);
  assert.equal((await putRule(metacrypt, "after")).status, 200);
});
