import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "@metacircular/mcdsl/clock.ts";
import { openSqlite } from "@metacircular/mcdsl/sql/sqlite.ts";
import type { TestAccount, TestRegistry } from "@metacircular/testkit/registry-server.ts";
import type { Action, Caller } from "../access/access.ts";
import { migrations } from "../metadata/migrations.ts";
import { createRegistryTokens, type RegistryTokens } from "../token/registry-tokens.ts";
import { openTokenKeys } from "../token/token-keys.ts";
import type { Subject } from "./registry-caller.ts";

/** Those who have accounts, besides the ones of every test. */
export async function makeAccounts(registry: TestRegistry) {
  return {
    alice: await registry.person("alice", ["user"]),
    nobody: await registry.person("nobody", []),
    guest: await registry.person("visitor", ["guest"]),
    revoked: await registry.systemAccount("revoked"),
    expired: await registry.identity.systemToken("expired", "1s"),
    builder: await registry.systemAccount("builder"),
  };
}

/** Those who may do the most come last: what they mount stays. */
export async function makeSubjects(
  registry: TestRegistry,
  accounts: Awaited<ReturnType<typeof makeAccounts>>,
  cleanup: AsyncDisposableStack,
): Promise<readonly Subject[]> {
  const person = ({ name, password }: TestAccount): NonNullable<Subject["login"]> => ({
    username: name,
    password,
  });
  await registry.identity.admin(["account", "disable", "revoked"]);
  await sleep(1_500);
  const tokens = await tokensOf(registry, cleanup);
  const aliceItself: Caller = { kind: "human", name: "alice", roles: ["user"] };
  const adminItself: Caller = { kind: "human", name: "admin", roles: ["admin"] };
  const nowMs = systemClock.now();
  const access = (name: string, actions: readonly Action[]) => ({
    catalog: false,
    repositories: new Map([[name, new Set(actions)]]),
  });
  const all: readonly Action[] = ["pull", "push", "delete"];
  const ours = await tokens.registry.sign(
    { caller: aliceItself, access: access("team/elsewhere", all) },
    nowMs + 300_000,
  );
  const [head = "", , signature = ""] = ours.split(".");
  const claims = { sub: "admin", roles: ["admin"], access: [] };
  const forged = `${head}.${Buffer.from(JSON.stringify({ iss: registry.url, ...claims })).toString("base64url")}.${signature}`;
  const old = await tokens.registry.sign(
    { caller: adminItself, access: access("team/own", all) },
    nowMs - 60_000,
  );
  const foreign = await tokens.foreign.sign(
    { caller: adminItself, access: access("team/own", all) },
    nowMs + 300_000,
  );
  return [
    { name: "without credentials", login: "anonymous" },
    { name: "a person without a role", login: person(accounts.nobody) },
    { name: "a person with a role and a rule (alice)", login: person(accounts.alice) },
    { name: "alice with a token of the identity service", bearer: accounts.alice.token },
    { name: "alice with a token for another repository", bearer: ours },
    { name: "a guest", login: person(accounts.guest) },
    { name: "a guest with a token of the identity service", bearer: accounts.guest.token },
    { name: "a disabled account", login: person(accounts.revoked) },
    { name: "a disabled account's token of the identity service", bearer: accounts.revoked.token },
    { name: "an expired token of the identity service", bearer: accounts.expired },
    { name: "an expired token of the registry", bearer: old },
    { name: "a tampered token", bearer: forged },
    { name: "a token of another registry", bearer: foreign },
    { name: "another system account, kept out of secret/** (builder)", login: person(accounts.builder) },
    { name: "a system account (puller)", login: person(registry.system) },
    { name: "an administrator", login: person(registry.admin) },
  ];
}

export function mayPullSecret({ name }: Subject): boolean {
  return name === "a system account (puller)" || name === "an administrator";
}

/** The keys of the registry itself, and those of another one that claims the same name. */
async function tokensOf(
  registry: TestRegistry,
  cleanup: AsyncDisposableStack,
): Promise<{ registry: RegistryTokens; foreign: RegistryTokens }> {
  const open = async (file: string): Promise<RegistryTokens> => {
    const sql = cleanup.use(await openSqlite({ file, migrations }));
    const keys = openTokenKeys({ sql, clock: systemClock });
    const about = { issuer: registry.url, service: registry.address };
    return createRegistryTokens({ keys, ...about, clock: systemClock });
  };
  return {
    registry: await open(registry.databaseFile),
    foreign: await open(`${registry.databaseFile}.foreign`),
  };
}
