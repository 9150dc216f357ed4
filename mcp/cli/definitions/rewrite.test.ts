import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { definitionToSpec, specToDefinition } from "@metacircular/mcp-core/definition/convert.ts";
import type { ServiceSpec } from "@metacircular/mcp-core/spec.ts";
import fc from "fast-check";

import { type Comment, commentedText, isKept, specs } from "../test/commented-text.ts";
import { parseDefinition } from "./read.ts";
import { definitionText, rewriteDefinition } from "./rewrite.ts";

function read(text: string): ServiceSpec {
  const result = parseDefinition(text, "shop.toml");
  assert.ok("value" in result, JSON.stringify(result) + text);
  return definitionToSpec(result.value);
}

function rewritten(text: string, spec: ServiceSpec): string {
  const result = parseDefinition(text, "shop.toml");
  assert.ok("value" in result, JSON.stringify(result) + text);
  return rewriteDefinition(text, result.value, spec);
}

const runs = Number(process.env["PROPERTY_RUNS"] ?? 250);

describe("a rewritten definition", () => {
  const directory = join(import.meta.dirname, "rewrites");
  const divider = /^---\n/m;
  for (const name of readdirSync(directory).toSorted()) {
    test(`is as an operator would have done it: ${name.replace(/\.txt$/, "").replaceAll("-", " ")}`, () => {
      const path = join(directory, name);
      const [text = "", wanted = "", expected] = readFileSync(path, "utf8").split(divider);
      const result = rewritten(text, read(wanted));
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, [text, wanted, result].join("---\n"));
      else assert.equal(result, expected);
    });
  }

  test("keeps CRLF, a byte order mark and a missing last line end where nothing is added below", () => {
    const text =
      '\u{feff}name = "a"\nnode = "rift"\n[[components]]\nname = "a"\nimage = "localhost/a:v1" # x';
    const windows = text.replaceAll("\n", "\r\n");
    const spec = read(windows);
    const [component] = spec.components;
    assert.ok(component);
    const changed = { ...spec, components: [{ ...component, image: "localhost/a:v2", user: "5" }] };
    assert.equal(rewritten(windows, changed), `${windows.replace("v1", "v2")}\r\nuser = "5"\r\n`);
  });

  test("declares exactly what is wanted, and keeps every comment on a line that stays", () => {
    fc.assert(
      fc.property(specs, specs, fc.infiniteStream(fc.nat(999)), (before, after, dice) => {
        const { text, comments } = commentedText(before, () => Number(dice.next().value));
        assert.deepEqual(specToDefinition(read(text)), specToDefinition(before), text);
        const result = rewritten(text, after);
        assert.deepEqual(specToDefinition(read(result)), specToDefinition(after), `${text}\n=>\n${result}`);
        const lost = (comment: Comment): boolean =>
          isKept(comment, before, after) && !new RegExp(`${comment.text}\\b`).test(result);
        assert.deepEqual(comments.filter(lost), [], `${text}\n=>\n${result}`);
      }),
      { numRuns: runs },
    );
  });

  test("is byte for byte the same where nothing differs", () => {
    fc.assert(
      fc.property(specs, fc.infiniteStream(fc.nat(999)), (spec, dice) => {
        const { text } = commentedText(spec, () => Number(dice.next().value));
        assert.equal(rewritten(text, spec), text);
      }),
      { numRuns: runs },
    );
  });

  test("that is new reads back as what it was made from", () => {
    fc.assert(
      fc.property(specs, (spec) => {
        assert.deepEqual(specToDefinition(read(definitionText(spec))), specToDefinition(spec));
      }),
      { numRuns: runs },
    );
  });
});
