import assert from "node:assert/strict";
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

const runs = Number(process.env["PROPERTY_RUNS"] ?? 400);

describe("a rewritten definition", () => {
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
