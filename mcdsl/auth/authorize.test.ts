import assert from "node:assert/strict";
import { test } from "node:test";
import { rejectGuests } from "./authorize.ts";

const account = { subject: "1", name: "alice", kind: "human", expiresAtMs: 0 } as const;

test("humans and system accounts may do everything, guests nothing", () => {
  rejectGuests({ ...account, roles: ["user"] }, "/a/B");
  rejectGuests({ ...account, kind: "system", roles: [] }, "/a/B");
  assert.throws(() => rejectGuests({ ...account, roles: ["user", "guest"] }, "/a/B"), {
    code: "PERMISSION_DENIED",
    category: "permission-denied",
    subject: "/a/B",
  });
});
