import assert from "node:assert/strict";
import { chmod, copyFile, rm, stat, writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type RunningMetacrypt, runMetacrypt } from "@metacircular/testkit/metacrypt.ts";
import { createWorld, PASSPHRASE, type World } from "@metacircular/testkit/metacrypt-world.ts";

let world: World;
before(async () => {
  world = await createWorld();
});
after(() => world[Symbol.asyncDispose]());

/** What a command printed; the test fails where it failed. */
async function ran(metacrypt: RunningMetacrypt, args: readonly string[], input = ""): Promise<string> {
  const { code, out, err } = await metacrypt.run(args, input);
  assert.equal(code, 0, `${args.join(" ")}: ${err}`);
  return out;
}

async function refused(metacrypt: RunningMetacrypt, args: readonly string[], code: string, input = "") {
  const result = await metacrypt.run(args, input);
  assert.notEqual(result.code, 0, args.join(" "));
  assert.match(result.err, new RegExp(`\\[${code}\\]`, "u"), result.err);
}

test("an operator initialises, unseals, mounts, makes rules, reads the audit log and seals by the command line", async () => {
  await using metacrypt = await runMetacrypt(world, {
    args: ["--passphrase-stdin"],
    input: `${PASSPHRASE}\n`,
  });
  await refused(metacrypt, ["init", "--passphrase-stdin"], "ALREADY_INITIALIZED", `${PASSPHRASE}\n`);
  assert.match(await ran(metacrypt, ["status"]), /^sealed .*\nopened by a passphrase\n$/u);
  await refused(metacrypt, ["mount", "list"], "SEALED");
  await refused(metacrypt, ["unseal", "--stdin"], "UNSEAL_REFUSED", "something else entirely\n");
  assert.match(
    await ran(metacrypt, ["unseal", "--stdin"], `${PASSPHRASE}\n`),
    /^unsealed .*\n.*\nbarrier key 1\n$/u,
  );
  assert.match(await ran(metacrypt, ["unseal", "--stdin"], "not even asked\n"), /^unsealed/u);

  await ran(metacrypt, ["mount", "add", "pki", "ca"]);
  await refused(metacrypt, ["mount", "add", "pki", "ca"], "MOUNT_EXISTS");
  await refused(metacrypt, ["mount", "add", "Pki", "ca"], "MOUNT_NAME_INVALID");
  await refused(metacrypt, ["mount", "add", "pki2", "magic"], "MOUNT_TYPE_UNKNOWN");
  const [mount] = JSON.parse(await ran(metacrypt, ["mount", "list", "-o", "json"])) as Record<
    string,
    string
  >[];
  assert.deepEqual([mount?.["name"], mount?.["type"], mount?.["problem"]], ["pki", "ca", ""]);

  const rule = ["--effect", "allow", "--account", "sys", "--operation", "ca/*", "--name", "*.example.org"];
  await ran(metacrypt, ["policy", "add", "agents", ...rule]);
  await ran(metacrypt, ["policy", "add", "first", "--effect", "deny", "--priority", "1", "--kind", "human"]);
  const listed = await ran(metacrypt, ["policy", "list"]);
  assert.match(
    listed,
    /1 +first +deny +kind human +- +- +-\n100 +agents +allow +sys +- +ca\/\* +\*\.example\.org\n$/u,
  );
  await refused(metacrypt, ["policy", "add", "Bad Id", "--effect", "deny"], "RULE_INVALID");
  await ran(metacrypt, ["policy", "remove", "first"]);
  await refused(metacrypt, ["policy", "remove", "first"], "RULE_NOT_FOUND");

  assert.match((await metacrypt.run(["rekey"])).err, /Encrypted \d+ records with barrier key 2/u);
  const audit = JSON.parse(await ran(metacrypt, ["audit", "list", "-o", "json"])) as Record<string, string>[];
  const told = audit.map(({ actor, operation, outcome }) => `${actor} ${operation} ${outcome}`);
  for (const line of [
    "anonymous system/unseal refused",
    "anonymous system/unseal done",
    "ada mount/create-mount done",
    "ada mount/create-mount failed",
    "ada policy/put-rule done",
    "ada policy/put-rule failed",
    "ada policy/delete-rule done",
    "ada system/rekey done",
  ]) {
    assert.ok(told.includes(line), `${line} is missing:\n${told.join("\n")}`);
  }
  assert.match(told[0] ?? "", /^cli:\S+ system\/initialize done$/u);
  const hash = (await ran(metacrypt, ["audit", "verify"])).trim();
  await ran(metacrypt, ["audit", "verify", "--expect", hash]);
  await refused(metacrypt, ["audit", "verify", "--expect", "0".repeat(63) + "1"], "AUDIT_BROKEN");

  await ran(metacrypt, ["seal"]);
  assert.match(await ran(metacrypt, ["status"]), /^sealed/u);
  await ran(metacrypt, ["unseal", "--stdin"], `${PASSPHRASE}\n`);
  assert.match(await ran(metacrypt, ["mount", "list"]), /^pki +ca/mu);
  await refused(metacrypt, ["mount", "remove", "pki"], "NOT_CONFIRMED");
  await ran(metacrypt, ["mount", "remove", "pki", "--yes"]);
  assert.deepEqual(JSON.parse(await ran(metacrypt, ["mount", "list", "-o", "json"])), []);
  const log = metacrypt.log().join("\n");
  for (const secret of [PASSPHRASE, metacrypt.tokens.admin]) assert.ok(!log.includes(secret));
});

test("holders of shares open the seal together, and shares are replaced by a passphrase", async () => {
  await using metacrypt = await runMetacrypt(world, undefined);
  assert.match(await ran(metacrypt, ["status"]), /^not initialised/u);
  await refused(metacrypt, ["unseal", "--stdin"], "NOT_INITIALIZED", `${PASSPHRASE}\n`);
  const shares = (await ran(metacrypt, ["init", "--shares", "3", "--threshold", "2"])).trim().split("\n");
  assert.equal(shares.length, 3);
  const share = (index: number): string => `${shares[index]}\n`;
  assert.match(
    await ran(metacrypt, ["unseal", "--stdin"], share(2)),
    /sealed .*\n.*2 of 3 shares\n1 of 2 shares given/u,
  );
  assert.doesNotMatch(await ran(metacrypt, ["unseal", "--reset"]), /given/u);
  await ran(metacrypt, ["unseal", "--stdin"], share(2));
  assert.match(await ran(metacrypt, ["unseal", "--stdin"], share(0)), /^unsealed/u);
  await ran(metacrypt, ["protect", "--passphrase-stdin"], `${PASSPHRASE}\n`);
  await ran(metacrypt, ["seal"]);
  assert.match(await ran(metacrypt, ["unseal", "--stdin"], `${PASSPHRASE}\n`), /^unsealed/u);
});

test("the unattended key file opens the seal at start, is warned about, and must be nobody else's", async () => {
  await using metacrypt = await runMetacrypt(world, {
    args: ["--unattended-key-file", "--passphrase-stdin"],
    input: `${PASSPHRASE}\n`,
  });
  assert.equal((await stat(metacrypt.keyFile)).mode & 0o777, 0o600);
  assert.match(
    await ran(metacrypt, ["status"]),
    /^unsealed .*\n.*passphrase\nopened at start by the unattended key file/u,
  );
  assert.ok(metacrypt.log().some((line) => line.includes("whoever has it") && line.includes('"warn"')));
  await ran(metacrypt, ["mount", "add", "pki", "ca"]);

  await metacrypt.stop();
  await chmod(metacrypt.keyFile, 0o640);
  await metacrypt.start();
  assert.match(await ran(metacrypt, ["status"]), /^sealed/u);
  assert.ok(metacrypt.log().some((line) => line.includes("KEY_FILE_EXPOSED")));

  await metacrypt.stop();
  await rm(metacrypt.keyFile);
  await metacrypt.start();
  await ran(metacrypt, ["unseal", "--stdin"], `${PASSPHRASE}\n`);
  assert.match(await ran(metacrypt, ["mount", "list"]), /^pki/mu);
  await ran(metacrypt, ["protect", "--unattended", "on"]);
  await metacrypt.stop();
  await metacrypt.start();
  assert.match(await ran(metacrypt, ["status"]), /^unsealed/u);
  await ran(metacrypt, ["protect", "--unattended", "off"]);
  await metacrypt.stop();
  await metacrypt.start();
  assert.match(await ran(metacrypt, ["status"]), /^sealed/u);
});

test("a snapshot of a running server is restored and opens by the same passphrase", async () => {
  await using metacrypt = await runMetacrypt(world, {
    args: ["--passphrase-stdin"],
    input: `${PASSPHRASE}\n`,
  });
  await ran(metacrypt, ["unseal", "--stdin"], `${PASSPHRASE}\n`);
  await ran(metacrypt, ["mount", "add", "kept", "ca"]);
  const snapshot = (await ran(metacrypt, ["snapshot"])).trim();
  await ran(metacrypt, ["mount", "add", "later", "ca"]);
  await metacrypt.stop();
  for (const suffix of ["-wal", "-shm"]) await rm(`${metacrypt.databaseFile}${suffix}`, { force: true });
  await copyFile(snapshot, metacrypt.databaseFile);
  await metacrypt.start();
  await ran(metacrypt, ["unseal", "--stdin"], `${PASSPHRASE}\n`);
  const mounts = JSON.parse(await ran(metacrypt, ["mount", "list", "-o", "json"])) as { name: string }[];
  assert.deepEqual(
    mounts.map(({ name }) => name),
    ["kept"],
  );
});

test("commands take the token from a file that is nobody else's, and say what is missing", async () => {
  await using metacrypt = await runMetacrypt(world, undefined);
  const bare = { METACRYPT_TOKEN: "" };
  const file = `${metacrypt.directory}/login`;
  const login = JSON.stringify({ access_token: metacrypt.tokens.admin, issuer: "", account: "ada" });
  await writeFile(file, login, { mode: 0o644 });
  const list = ["audit", "list"];
  const without = await metacrypt.run(list, "", bare);
  assert.match(without.err, /\[SEALED\]|\[NOT_LOGGED_IN\]/u);
  assert.match(
    (await metacrypt.run([...list, "--token-file", file], "", bare)).err,
    /\[TOKEN_FILE_EXPOSED\]/u,
  );
  await writeFile(file, login);
  await chmod(file, 0o600);
  await ran(metacrypt, ["init", "--unattended-key-file"]);
  await metacrypt.stop();
  await metacrypt.start();
  const listed = await metacrypt.run([...list, "--token-file", file], "", bare);
  assert.equal(listed.code, 0, listed.err);
  assert.match((await metacrypt.run(list, "", bare)).err, /\[NOT_LOGGED_IN\]/u);
  assert.equal((await metacrypt.run(["policy", "add", "x"])).code, 2);
  const elsewhere = await metacrypt.run(list, "", { METACRYPT_SERVER: "localhost:1" });
  assert.match(elsewhere.err, /Metacrypt at localhost:1: .*\[UNREACHABLE\]/u);
});
