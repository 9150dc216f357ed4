import assert from "node:assert/strict";
import { test } from "node:test";
import { aDeploy, aWeb, createEngine } from "@metacircular/testkit/engine.ts";
import { refused } from "@metacircular/testkit/memory-runtime.ts";

test("what is done after a component was put back is written down as what it is", async () => {
  await using engine = await createEngine();
  const api = { ...aWeb("v1"), name: "api" };
  await engine.run(aDeploy([aWeb("v1"), api]));
  for (const name of ["hello-web", "hello-api"]) await engine.runtime.remove(name);
  engine.runtime.before("start", refused, { times: 1 });
  const { outcome, steps, step } = await engine.run({ kind: "start", service: "hello" });
  assert.equal(outcome, "partly-failed");
  assert.equal(step, steps.length);
  const done = steps.map(({ kind, component }) => `${kind} ${component}`);
  assert.deepEqual(done.slice(done.indexOf("create-container web")), [
    "create-container web",
    "start-container web",
    "remove-container web",
    "create-container api",
    "start-container api",
    "await-healthy api",
    "record-component api",
  ]);
});
