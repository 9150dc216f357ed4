import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { agentConfigSchema } from "@metacircular/mcp-agent/config.ts";
import { configSchema as toolConfigSchema } from "@metacircular/mcp-cli/config/schema.ts";
import { readTomlDocument } from "@metacircular/mcdsl/toml/document.ts";
import { configSchema as proxyConfigSchema } from "@metacircular/mc-proxy/config.ts";
import { configSchema as metacryptConfigSchema } from "@metacircular/metacrypt/config.ts";
import { configSchema as identityConfigSchema } from "@metacircular/mcias/config.ts";
import { configSchema as registryConfigSchema } from "@metacircular/mcr/config.ts";
import { configSchema as nameServerConfigSchema } from "@metacircular/mcns/config.ts";

interface Schema {
  parse(content: unknown): unknown;
}

const examples: readonly { file: string; schema: Schema }[] = [
  { file: "mcp-agent.toml", schema: agentConfigSchema },
  { file: "mcp.toml", schema: toolConfigSchema },
  { file: "mcias.toml", schema: identityConfigSchema },
  { file: "mc-proxy.toml", schema: proxyConfigSchema },
  { file: "mcns.toml", schema: nameServerConfigSchema },
  { file: "mcr.toml", schema: registryConfigSchema },
  { file: "metacrypt.toml", schema: metacryptConfigSchema },
];

for (const { file, schema } of examples) {
  const text = readFileSync(new URL(`../../deploy/examples/${file}`, import.meta.url), "utf8");
  const inFull = text.replaceAll(/^# (\w+ = )/gmu, "$1");

  test(`the example ${file} is a configuration as it stands`, () => {
    assert.doesNotThrow(() => schema.parse(parse(text)));
  });

  test(`the example ${file} has every key there is`, () => {
    // The parsed value has what the file leaves out.
    const known = keysOf(schema.parse(parse(text)));
    const shown = new Set(keysOf(parse(inFull)));
    assert.deepEqual(
      known.filter((key) => !shown.has(key)),
      [],
    );
    assert.ok(known.length > 5);
  });

  test(`the comments of the example ${file} tell the defaults, and a comment explains each section`, () => {
    // What these stand for is not a constant.
    const alternatives = new Set([
      "token_path",
      "server_name",
      "dir",
      "build.workspace",
      "registry.address",
      "nodes.arch",
    ]);
    const plain = flat(schema.parse(parse(text)));
    const full = flat(schema.parse(parse(inFull)));
    for (const [key, value] of Object.entries(full)) {
      if (alternatives.has(key) || alternatives.has(key.split(".").at(-1) ?? "")) continue;
      assert.deepEqual(value, plain[key], key);
    }
  });
}

function parse(text: string): unknown {
  const read = readTomlDocument({ text: Buffer.from(text), file: "example" });
  if ("problem" in read) throw new Error(read.problem.message);
  return read.document.content;
}

/** Values by their paths; of an array its length and its elements' values. */
function flat(value: unknown, path = ""): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return { [path]: value };
  const isArray = Array.isArray(value);
  const found: Record<string, unknown> = isArray ? { [path]: value.length } : {};
  for (const [key, each] of Object.entries(value)) {
    const place = isArray || path === "" ? path || key : `${path}.${key}`;
    for (const [inner, content] of Object.entries(flat(each, place))) found[inner] = content;
  }
  return found;
}

const keysOf = (value: unknown): string[] =>
  // An address is one key of the file and two of the configuration.
  Object.keys(flat(value)).map((key) => key.replace(/\.(host|port)$/u, ""));
