import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import { type Existence, type ImagePlanOptions, imageSteps, planImages } from "./plan-images.ts";
import type { WantedImage } from "./wanted-images.ts";

const image = "mcr.example.net/team/hello:v1.0.0";
const local = "localhost/hello:v1.0.0";

function wanted(fields: Partial<WantedImage> = {}): WantedImage {
  const source = { path: "hello", dockerfile: "Containerfile" };
  const where = { node: "rift", architecture: "amd64", isForThisMachine: true } as const;
  return { image, name: "hello", service: "hello", ...source, ...where, ...fields };
}

const present: Existence = { kind: "present", digest: "sha256:1" };
const missing: Existence = { kind: "missing" };
const error = new DetailedError({ code: "REGISTRY_UNREACHABLE", attempted: "ask", found: "no answer" });
const unknown: Existence = { kind: "unknown", error };
const usual: ImagePlanOptions = { force: false, push: true, everyLocal: false };

const cases: readonly [string, Partial<WantedImage>, Existence, Partial<ImagePlanOptions>, string][] = [
  ["is missing is built and pushed", {}, missing, {}, "build-and-push"],
  ["is missing is only built without push", {}, missing, { push: false }, "build"],
  ["is there is kept", {}, present, {}, "keep"],
  ["is there is built again by force", {}, present, { force: true }, "build-and-push"],
  ["nobody knows of is left alone", {}, unknown, {}, "unknown"],
  ["nobody knows of is built by force", {}, unknown, { force: true }, "build-and-push"],
  ["has no registry is only built", { image: local }, missing, {}, "build"],
  ["has no registry and is there is kept", { image: local }, present, {}, "keep"],
  ["lives on another machine is kept", { image: local, isForThisMachine: false }, missing, {}, "keep"],
  [
    "lives on another machine is built where it is asked for",
    { image: local, isForThisMachine: false },
    missing,
    { everyLocal: true },
    "build",
  ],
];

describe("of images, one that", () => {
  for (const [what, fields, existence, options, action] of cases) {
    test(what, () => {
      const one = wanted(fields);
      const { plans, conflicts } = planImages([one], new Map([[one.image, existence]]), {
        ...usual,
        ...options,
      });
      assert.deepEqual(
        plans.map((plan) => plan.action),
        [action],
      );
      assert.deepEqual(conflicts, []);
    });
  }
});

describe("an image of several services", () => {
  const two = [wanted({ service: "a" }), wanted({ service: "b" })];

  test("is built once", () => {
    const { plans, conflicts } = planImages(two, new Map(), usual);
    assert.deepEqual(
      plans.map(({ services, action }) => ({ services, action })),
      [{ services: ["a", "b"], action: "build-and-push" }],
    );
    assert.deepEqual(conflicts, []);
  });

  test("is a conflict for those that would build it differently, but only where it is built", () => {
    const [first, second] = two;
    for (const different of [
      { path: "other" },
      { dockerfile: "Other" },
      { architecture: "arm64" } as const,
    ]) {
      const uses = [first ?? wanted(), { ...(second ?? wanted()), ...different }];
      const { plans, conflicts } = planImages(uses, new Map(), usual);
      assert.deepEqual(
        conflicts.map((each) => [each.service, each.error.code]),
        [["b", "BUILD_CONFLICT"]],
      );
      assert.deepEqual(plans[0]?.services, ["a"]);
      assert.deepEqual(planImages(uses, new Map([[image, present]]), usual).conflicts, []);
    }
  });
});

test("steps say what is built from what, and what is pushed", () => {
  const uses = [wanted(), wanted({ image: local, architecture: "arm64" }), wanted({ image: "a.b/kept:v1" })];
  const { plans } = planImages(uses, new Map([["a.b/kept:v1", present]]), usual);
  assert.deepEqual(
    imageSteps(plans).map(({ kind, description }) => `${kind}: ${description}`),
    [
      `build-image: build image ${image} from hello/Containerfile for linux/amd64`,
      `push-image: push image ${image}`,
      `build-image: build image ${local} from hello/Containerfile for linux/arm64`,
    ],
  );
});
