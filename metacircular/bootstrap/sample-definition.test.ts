import { parseToml } from "@metacircular/mcdsl/toml/parse.ts";
import { checkDefinition } from "@metacircular/mcp-core/definition/check-definition.ts";
import { definitionSchema } from "@metacircular/mcp-core/definition.ts";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { placeDefinition } from "./sample-definition.ts";

const example = await readFile(new URL("../../examples/hello/hello.toml", import.meta.url), "utf8");

function parse(text: string) {
  const result = parseToml({ text, file: "hello.toml", schema: definitionSchema, check: checkDefinition });
  assert.ok("value" in result, JSON.stringify(result));
  return result.value;
}

describe("the sample's definition", () => {
  test("is valid as it stands in the repository", () => {
    assert.equal(parse(example).name, "hello");
  });

  test("is placed on the node and in the data directory, and keeps every comment", () => {
    const place = {
      node: "rift",
      dataDirectory: "/var/lib/metacircular/srv",
      port: 443,
      registry: "127.0.0.1:8483",
    };
    const placed = placeDefinition(example, place);
    const definition = parse(placed);
    assert.equal(definition.node, "rift");
    assert.equal(definition.components[0]?.routes[0]?.port, 443);
    assert.deepEqual(
      definition.components.map(({ volumes }) => volumes),
      [["/var/lib/metacircular/srv/hello:/data:ro"], ["/var/lib/metacircular/srv/hello:/data"]],
    );
    assert.deepEqual(
      definition.components.map(({ image }) => image),
      ["127.0.0.1:8483/hello-web:v1.0.0", "127.0.0.1:8483/hello-ticker:v1.0.0"],
    );
    const comments = (text: string): string[] => text.match(/#.*$/gm) ?? [];
    assert.deepEqual(comments(placed), comments(example));
  });
});
