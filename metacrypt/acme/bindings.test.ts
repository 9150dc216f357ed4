import assert from "node:assert/strict";
import { test } from "node:test";
import type { Identity } from "@metacircular/mcdsl/auth/identity.ts";
import { createMemoryRecords } from "../test/memory-records.ts";
import { type BindingParts, createBinding, revokeBinding, visibleBindings } from "./bindings.ts";
import { createAcmeStore } from "./store/acme-store.ts";

const wish = { account: "", kind: "", note: "" };

function identity(name: string, kind: Identity["kind"], ...roles: string[]): Identity {
  return { subject: name, name, kind, roles, expiresAtMs: Number.MAX_SAFE_INTEGER };
}

const admin = identity("ada", "human", "admin");
const agent = identity("mcp-agent", "system");
const user = identity("uma", "human", "user");

function newParts(): BindingParts {
  let count = 0;
  return {
    mount: "pki",
    store: createAcmeStore(createMemoryRecords()),
    audit: { change: (_, work) => work(), record: () => undefined },
    clock: { now: () => 1_000 + count, sleep: () => Promise.resolve() },
    random: (byteCount) => Buffer.alloc(byteCount, ++count).toString("base64url"),
  };
}

test("everybody makes bindings for the own account, and administrators for others", () => {
  const parts = newParts();
  const own = createBinding(parts, wish, agent);
  assert.deepEqual([own.subject, own.kind, own.createdBy], ["mcp-agent", "system", "mcp-agent"]);
  assert.equal(createBinding(parts, wish, user).kind, "human");
  const made = createBinding(parts, { ...wish, account: "web" }, admin);
  assert.deepEqual([made.subject, made.kind, made.createdBy], ["web", "system", "ada"]);
  for (const caller of [agent, user]) {
    assert.throws(() => createBinding(parts, { ...wish, account: "web" }, caller), {
      code: "PERMISSION_DENIED",
    });
  }
});

test("nobody but administrators says that an account is of another kind than it is", () => {
  const parts = newParts();
  for (const [caller, kind] of [
    [user, "system"],
    [agent, "human"],
  ] as const) {
    assert.throws(() => createBinding(parts, { ...wish, kind }, caller), { code: "PERMISSION_DENIED" });
  }
  assert.equal(createBinding(parts, { ...wish, kind: "human" }, user).kind, "human");
  assert.equal(createBinding(parts, { ...wish, account: "uma", kind: "human" }, admin).kind, "human");
});

test("names, kinds and notes that cannot be are refused", () => {
  const parts = newParts();
  for (const wrong of [{ account: "../x" }, { account: "web", kind: "robot" }, { note: "x".repeat(201) }]) {
    assert.throws(() => createBinding(parts, { ...wish, ...wrong }, admin), { code: "ACME_BINDING_INVALID" });
  }
});

test("others' bindings are neither seen nor revoked, but by administrators", () => {
  const parts = newParts();
  const own = createBinding(parts, wish, user);
  const others = createBinding(parts, wish, agent);
  assert.deepEqual(visibleBindings(parts.store, user), [own]);
  assert.deepEqual(visibleBindings(parts.store, admin), [others, own]);
  assert.throws(() => revokeBinding(parts, others.keyId, user), { code: "PERMISSION_DENIED" });
  assert.throws(() => revokeBinding(parts, "../settings/current", admin), { code: "ACME_BINDING_NOT_FOUND" });
  const { binding } = revokeBinding(parts, own.keyId, user);
  assert.notEqual(binding.revokedAtMs, undefined);
  assert.deepEqual(revokeBinding(parts, own.keyId, admin), { binding, revokedAccounts: 0 });
});
