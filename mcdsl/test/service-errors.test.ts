import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { fromServiceError } from "../grpc/service-errors.ts";

test("a service that is no node is not called one, and its failure is told once", () => {
  const refused = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const thrown = new ConnectError("connect ECONNREFUSED", Code.Unavailable, undefined, undefined, refused);
  const { code, subject, remedy, cause } = fromServiceError(thrown, "the registry at mcr.example:9443");
  assert.deepEqual([code, subject], ["UNREACHABLE", "the registry at mcr.example:9443"]);
  assert.match(remedy, /check that it runs/);
  assert.equal(cause, thrown);
});
