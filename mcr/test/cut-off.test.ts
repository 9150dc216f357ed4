import assert from "node:assert/strict";
import { test } from "node:test";
import { startTestRegistry } from "@metacircular/testkit/registry-server.ts";
import { basic, codeIn, createCaller, tokenIn } from "./registry-caller.ts";
import { trust } from "./trust.ts";

test("a rule that denies cuts an account off at once, whatever tokens it has, in the middle of a push as well", async () => {
  await using registry = await startTestRegistry();
  trust(registry);
  const caller = createCaller(registry.url);
  const mallory = await registry.person("mallory", ["admin"]);
  const path = `/v2/token?service=${registry.address}&scope=repository:team/app:pull,push,delete`;
  const answer = await caller.send({ method: "GET", path }, basic(mallory.name, mallory.password));
  const tokens = [tokenIn(answer), mallory.token].map((token) => `Bearer ${token}`);
  const begin = { method: "POST", path: "/v2/team/app/blobs/uploads/" };
  const uploads = await Promise.all(
    tokens.map(async (token) => {
      const begun = await caller.send(begin, token);
      assert.equal(begun.status, 202, begun.body);
      return begun.headers.get("location") ?? "";
    }),
  );
  await registry.putRule("access", "cut-off", { effect: "EFFECT_DENY", priority: 0, accounts: ["mallory"] });
  for (const [index, token] of tokens.entries()) {
    const requests = [
      begin,
      { method: "PATCH", path: uploads[index] ?? "", body: "more" },
      { method: "GET", path: "/v2/team/app/tags/list" },
      { method: "DELETE", path: "/v2/team/app/manifests/v1" },
    ];
    for (const request of requests) {
      const refused = await caller.send(request, token);
      assert.deepEqual([refused.status, codeIn(refused)], [403, "DENIED"], request.path);
    }
  }
  assert.equal((await registry.rest("DELETE", "/v1/rules/access/cut-off")).status, 200);
  assert.equal((await caller.send(begin, tokens[0])).status, 202);
});
