import assert from "node:assert/strict";
import { test } from "node:test";

import { definitionFrom } from "../definitions/read.ts";
import { wantedImages } from "./wanted-images.ts";

const node = { architecture: "arm64", isForThisMachine: false } as const;

const text = `
name = "shop"
node = "rift"
[build.images]
web = "web/Containerfile"
job = "Containerfile"
[[components]]
name = "front"
image = "mcr.example.net/shop/web:v1.0.0"
[[components]]
name = "back"
image = "mcr.example.net/shop/web:v1.0.0"
[[components]]
name = "job"
image = "mcr.example.net/shop/job:v2.0.0"
[[components]]
name = "database"
image = "docker.io/library/postgres:v16"
`;

const imagesOf = (definition: string, component = ""): string[] =>
  wantedImages(definitionFrom(definition, "shop.toml"), node, component).map(({ image }) => image);

test("each image that the definition builds is wanted once, with where its source is", () => {
  const wanted = wantedImages(definitionFrom(text, "shop.toml"), node);
  const common = { service: "shop", node: "rift", path: "shop", ...node };
  assert.deepEqual(wanted, [
    { image: "mcr.example.net/shop/web:v1.0.0", name: "web", dockerfile: "web/Containerfile", ...common },
    { image: "mcr.example.net/shop/job:v2.0.0", name: "job", dockerfile: "Containerfile", ...common },
  ]);
});

test("of a component only its own image is wanted", () => {
  assert.deepEqual(imagesOf(text, "job"), ["mcr.example.net/shop/job:v2.0.0"]);
  assert.deepEqual(imagesOf(text, "database"), []);
});

test("what names a digest is built already", () => {
  const digest = `@sha256:${"0".repeat(64)}`;
  assert.deepEqual(imagesOf(text.replace("job:v2.0.0", `job:v2.0.0${digest}`)), [
    "mcr.example.net/shop/web:v1.0.0",
  ]);
});

test("the source directory is what the definition says", () => {
  const [first] = wantedImages(definitionFrom(`path = "team/shop"\n${text}`, "shop.toml"), node);
  assert.equal(first?.path, "team/shop");
});
