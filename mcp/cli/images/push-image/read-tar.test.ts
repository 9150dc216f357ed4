import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { packTar, type TarEntry as PackedEntry } from "modern-tar";

import { imageParts } from "./image-parts.ts";
import { readTar } from "./read-tar.ts";

const file = (name: string, content: string, fields: object = {}): PackedEntry => ({
  header: { name, size: Buffer.byteLength(content), type: "file", ...fields },
  body: content,
});

/** In pieces of a size that divides nothing. */
async function* pieces(archive: Uint8Array, bytes = 37): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < archive.length; at += bytes) yield archive.subarray(at, at + bytes);
}

async function listed(archive: AsyncIterable<Uint8Array>, read = true): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, type, sizeBytes, content } of readTar(archive)) {
    let text = "";
    if (read) for await (const part of content) text += Buffer.from(part).toString();
    found.push(`${type} ${name} ${sizeBytes} ${text}`.trimEnd());
  }
  return found;
}

describe("readTar", () => {
  const long = `${"directory/".repeat(30)}file`;
  const entries = [
    file("a.tar", "x".repeat(512)),
    file("empty", ""),
    file(long, "far"),
    { header: { name: "link", type: "symlink", linkname: "a.tar", size: 0 } } as const,
    file("last", "content"),
  ];

  test("reads files of all sizes, long names and links, however the archive comes", async () => {
    const archive = await packTar(entries);
    const expected = [
      `0 a.tar 512 ${"x".repeat(512)}`,
      "0 empty 0",
      `0 ${long} 3 far`,
      "2 link 0",
      "0 last 7 content",
    ];
    for (const bytes of [1, 37, 512, 100_000])
      assert.deepEqual(await listed(pieces(archive, bytes)), expected);
  });

  test("skips what is not read", async () => {
    const names = (await listed(pieces(await packTar(entries)), false)).map((line) => line.split(" ")[1]);
    assert.deepEqual(names, ["a.tar", "empty", long, "link", "last"]);
  });

  test("says that an archive breaks off, or is none", async () => {
    const archive = await packTar(entries);
    await assert.rejects(listed(pieces(archive.subarray(0, 700))), /breaks off/u);
    await assert.rejects(listed(pieces(Buffer.alloc(2_000, "text"))), /no tar archive/u);
  });
});

describe("imageParts", () => {
  const hex = (letter: string): string => letter.repeat(64);
  const image = {
    id: hex("c"),
    architecture: "amd64",
    os: "linux",
    diffIds: [`sha256:${hex("a")}`, `sha256:${hex("b")}`, `sha256:${hex("a")}`],
  };
  const listener = { layer: () => {}, sent: () => {} };
  const whole = [
    file(`${hex("a")}.tar`, "lower"),
    file(`${hex("b")}.tar`, "upper"),
    file(`${hex("c")}.json`, "{}"),
  ];

  async function sent(archive: Uint8Array, missing: readonly string[]) {
    const parts = imageParts(
      pieces(archive),
      image,
      { missing: new Set(missing), compress: false },
      listener,
    );
    const cases: string[] = [];
    for (;;) {
      const next = await parts.next();
      if (next.done === true) return { cases, sizes: next.value };
      const part = next.value.part;
      const value =
        part?.case === "chunk" || part?.case === "config" ? Buffer.from(part.value).toString() : "";
      cases.push(`${part?.case} ${value}`.trim());
    }
  }

  test("sends the layers that are missing, once, and the configuration", async () => {
    const archive = await packTar([...whole, file("manifest.json", "[]")]);
    const { cases, sizes } = await sent(archive, [`sha256:${hex("b")}`]);
    assert.deepEqual(cases, ["layer", "chunk upper", "config {}"]);
    assert.deepEqual(sizes, [5n, 5n, 5n]);
    assert.deepEqual((await sent(archive, image.diffIds)).cases, [
      ...["layer", "chunk lower", "layer", "chunk upper"],
      "config {}",
    ]);
  });

  test("says what an archive lacks", async () => {
    await assert.rejects(sent(await packTar(whole.slice(1)), []), /lacks its layer/u);
    await assert.rejects(sent(await packTar(whole.slice(0, 2)), []), /lacks its configuration/u);
  });
});
