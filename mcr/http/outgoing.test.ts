import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { Answer } from "./answer.ts";
import { createAnswerBound } from "./outgoing.ts";

const response = (): ServerResponse => new EventEmitter() as unknown as ServerResponse;
const answer = (bytes: number): Answer => ({ status: 200, headers: {}, body: new Uint8Array(bytes) });

test("what slow clients have not taken yet is bounded, and small answers always go", () => {
  const hold = createAnswerBound(1_000_000);
  const slow = response();
  hold(slow, answer(600_000));
  assert.throws(() => hold(response(), answer(600_000)), { code: "REGISTRY_BUSY" });
  hold(response(), answer(1_000));
  hold(response(), { status: 202, headers: {} });
  slow.emit("close");
  hold(response(), answer(600_000));
});
