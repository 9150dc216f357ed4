import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { buildNotes } from "./build-notes.ts";

describe("what a plan says of images that are built before", () => {
  const image = "mcr.example.net/shop:v1";
  const about = { node: "rift", components: [{ name: "web", image }] };
  const field = (name: string, after: string) =>
    ({ $typeName: "mcp.v1.FieldChange", field: name, before: "before", after }) as const;
  const built = field("image", `${image} (to be built)`);

  const replaced = "web is replaced only if the image that is built differs from the one that runs";
  const kept = `web goes on with the image that rift has as ${image}, if it has one; to have it run the one that is built, add --pull`;

  for (const [isTaken, action, fields, notes] of [
    [true, "replace", [built], [replaced]],
    [true, "none", [], [replaced]],
    [true, "start", [], [replaced]],
    [true, "replace", [built, field("env", "A=…")], []],
    [true, "replace", [field("image", image)], []],
    [true, "create", [], []],
    [true, "stop", [], []],
    [false, "none", [], [kept]],
    [false, "update", [], [kept]],
    [false, "replace", [field("image", image)], []],
    [false, "create", [], []],
  ] as const)
    test(`${isTaken ? "taken" : "not taken"}, ${action} of ${fields.map((each) => each.field).join(" ") || "nothing"}`, () => {
      const change = { component: "web", action, fields: [...fields] };
      assert.deepEqual(buildNotes(about, [{ image, isTaken }], [change]), notes);
    });

  test("is nothing of a component whose image is there", () => {
    assert.deepEqual(buildNotes(about, [{ image: "mcr.example.net/other:v1", isTaken: true }], []), []);
  });

  test("is said also where the agent tells nothing of the component", () => {
    assert.deepEqual(buildNotes(about, [{ image, isTaken: true }], []), [replaced]);
  });
});
