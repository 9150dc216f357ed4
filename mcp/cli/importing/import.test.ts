import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";

import { createTemporaryDirectory } from "@metacircular/testkit/temporary-directory.ts";

import { definitionFrom } from "../definitions/read.ts";
import { printDocument } from "../toml/print.ts";
import { importFiles } from "./import.ts";
import { readText } from "./read-text.ts";
import { Report } from "./report.ts";

const goldens = join(import.meta.dirname, "goldens");
const divider = "\n---\n";

/** A golden file: options, then files after `=== name`, the divider, and what comes of them. */
interface Golden {
  readonly service: string | undefined;
  readonly images: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, string>;
}

function parseGolden(input: string): Golden {
  const [head = "", ...parts] = `\n${input}\n`.split(/\n=== /);
  const options = head.split("\n").map((line) => line.split(" "));
  const images = options.filter(([name]) => name === "image").map(([, value = ""]) => value);
  const files = parts.map((part): [string, string] => {
    const end = part.indexOf("\n");
    return [part.slice(0, end), part.slice(end + 1)];
  });
  return {
    service: options.find(([name]) => name === "service")?.[1],
    images: new Map(images.map((image) => [image.split("=")[0] ?? "", image.slice(image.indexOf("=") + 1)])),
    files: new Map(files),
  };
}

async function imported(directory: string, { service, images, files }: Golden): Promise<string> {
  for (const [name, text] of files) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), text);
  }
  const report = new Report();
  const definitions = await importFiles(
    [directory],
    { service, node: "rift" },
    {
      environment: { VERSION: "v9", EMPTY: "" },
      home: "/home/op",
      images,
      report,
      read: readText,
    },
  );
  const whole = report.notes.every(({ kind }) => kind !== "problem");
  const texts = definitions.map(({ definition }) => printDocument(definition));
  if (whole) for (const text of texts) definitionFrom(text, "imported.toml");
  const notes = report.notes.map(
    ({ kind, file, line, key, message }) => `${kind} ${file}:${line} ${key}: ${message}`,
  );
  return [...(whole ? texts : []), ...notes].join("\n").replaceAll(dirname(directory), "/home/op").trimEnd();
}

describe("an import of", () => {
  test("everything in the goldens is there", async () => assert.ok((await readdir(goldens)).length >= 40));

  test("each golden file gives its definition and its notes", async (context) => {
    for (const name of (await readdir(goldens)).toSorted()) {
      await context.test(name.replace(/\.txt$/, "").replaceAll("-", " "), async () => {
        await using place = await createTemporaryDirectory();
        const path = join(goldens, name);
        const [input = "", expected = ""] = (await readFile(path, "utf8")).split(divider);
        const directory = join(place.path, "shop");
        const result = await imported(directory, parseGolden(input));
        if (process.env["UPDATE_GOLDEN"] === "1") await writeFile(path, `${input}${divider}${result}\n`);
        else assert.equal(result, expected.trimEnd());
      });
    }
  });

  const hostile: readonly [string, string | Uint8Array][] = [
    ["a file of a megabyte and more", `services:\n${"#".repeat(1_100_000)}\n`],
    ["bytes that are no text", Buffer.from([0x73, 0, 0xff, 0xfe])],
    ["brackets without end", "[".repeat(900_000)],
    ["dashes without end", "- ".repeat(450_000)],
    ["deep indentation", Array.from({ length: 1_300 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("")],
    [
      "aliases of aliases",
      `a: &a [x]\n${Array.from({ length: 20 }, (_, n) => `b${n}: &b${n} [${`*${n === 0 ? "a" : `b${n - 1}`},`.repeat(9)}]\n`).join("")}`,
    ],
    ["an alias of itself", "services: &s\n  web: *s\n"],
    ["many aliases", `a: &a {${"x: 1, ".repeat(1)}}\nservices:\n${"  k: *a\n".repeat(5_000)}`],
    [
      "many services",
      `services:\n${Array.from({ length: 5_000 }, (_, n) => `  s${n}: {image: a/b:c}\n`).join("")}`,
    ],
  ];
  for (const [what, content] of hostile) {
    test(`${what} is refused soon`, async () => {
      await using place = await createTemporaryDirectory();
      const file = join(place.path, "compose.yaml");
      await writeFile(file, content);
      const report = new Report();
      const startMs = performance.now();
      const surroundings = { environment: {}, home: "/h", images: new Map(), report, read: readText };
      await importFiles([file], { service: "a", node: "rift" }, surroundings);
      assert.ok(performance.now() - startMs < 20_000);
      assert.ok(report.notes.some(({ kind }) => kind === "problem"));
    });
  }
});
