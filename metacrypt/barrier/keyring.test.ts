import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Keyring } from "./keyring.ts";

const isBlank = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

describe("a keyring", () => {
  test("overwrites all its keys when it is wiped, and has none afterwards", () => {
    const keyring = Keyring.create();
    keyring.addKey();
    const keys = [keyring.root, keyring.key(1), keyring.key(2)];
    assert.ok(!keys.some(isBlank));
    keyring.wipe();
    assert.ok(keys.every(isBlank));
    assert.throws(() => keyring.key(1), { code: "SEALED" });
  });

  test("overwrites the keys that it drops", () => {
    const keyring = Keyring.create();
    const old = keyring.key(1);
    keyring.addKey();
    keyring.dropOldKeys();
    assert.ok(isBlank(old));
    assert.throws(() => keyring.key(1), { code: "RECORD_DAMAGED" });
    assert.ok(!isBlank(keyring.key(2)));
  });

  test("opens with its own root key only, and not where a stored key was moved", () => {
    const keyring = Keyring.create();
    keyring.addKey();
    const stored = keyring.stored();
    const opened = Keyring.open(keyring.root, stored);
    assert.deepEqual(opened.key(2), keyring.key(2));
    assert.equal(opened.current, 2);
    const other = Keyring.create();
    assert.throws(() => Keyring.open(other.root, stored), { code: "RECORD_DAMAGED" });
    const swapped = stored.map((key) => ({ ...key, version: 3 - key.version }));
    assert.throws(() => Keyring.open(keyring.root, swapped), { code: "RECORD_DAMAGED" });
    assert.throws(() => Keyring.open(keyring.root, []), { code: "RECORD_DAMAGED" });
  });

  test("keeps its keys under a new root key", () => {
    const keyring = Keyring.create();
    const renewed = keyring.withNewRoot();
    assert.notDeepEqual(renewed.root, keyring.root);
    assert.deepEqual(renewed.key(1), keyring.key(1));
    keyring.wipe();
    assert.ok(!isBlank(renewed.key(1)));
  });
});
