import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { requestedAccess } from "./scope.ts";

function read(scopes: readonly string[]) {
  const { catalog, repositories } = requestedAccess(scopes);
  return { catalog, ...Object.fromEntries([...repositories].map(([name, actions]) => [name, [...actions]])) };
}

describe("scopes", () => {
  const table: readonly (readonly [asked: readonly string[], understood: object])[] = [
    [[], {}],
    [["repository:team/app:pull"], { "team/app": ["pull"] }],
    [["repository:a:pull,push"], { a: ["pull", "push"] }],
    [["repository:a:*"], { a: ["pull", "push", "delete"] }],
    [["repository:a:pull", "repository:b:push"], { a: ["pull"], b: ["push"] }],
    [["repository:a:pull,push repository:b:pull"], { a: ["pull", "push"], b: ["pull"] }],
    [["repository:a:pull", "repository:a:delete"], { a: ["pull", "delete"] }],
    [["registry:catalog:*"], { catalog: true }],
    [["registry:catalog:pull"], {}],
    [["registry:other:*"], {}],
    [["repository:a:fly,pull"], { a: ["pull"] }],
    [["repository:a:DELETE"], { a: [] }],
    [["repository:a:"], { a: [] }],
    [["repository:a"], { a: [] }],
    [["repository:UPPER:pull"], {}],
    [["repository:../x:pull", "repository::pull", "repository:a//b:pull"], {}],
    [["repository:**:pull", "repository:*:pull"], {}],
    [["repository(plugin):a:pull"], {}],
    [["repository:host:5000/a:pull"], {}],
    [["", " ", "::", "x"], {}],
  ];
  for (const [asked, understood] of table) {
    test(JSON.stringify(asked), () => assert.deepEqual(read(asked), { catalog: false, ...understood }));
  }

  test("are heeded up to twenty", () => {
    const many = Array.from({ length: 100 }, (_, index) => `repository:r${index}:pull`);
    assert.equal(requestedAccess([many.join(" ")]).repositories.size, 20);
  });
});
