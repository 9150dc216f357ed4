import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "smol-toml";
import type { z } from "zod";
import { agentConfigSchema } from "@metacircular/mcp-agent/config.ts";
import { configSchema as toolConfigSchema } from "@metacircular/mcp-cli/config/schema.ts";
import { configSchema as identityConfigSchema } from "@metacircular/mcias/config.ts";

const examples: readonly { file: string; schema: z.ZodType }[] = [
  { file: "mcp-agent.toml", schema: agentConfigSchema },
  { file: "mcp.toml", schema: toolConfigSchema },
  { file: "mcias.toml", schema: identityConfigSchema },
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
    const shown = keysOf(parse(inFull));
    assert.deepEqual(
      known.filter((key) => !shown.includes(key)),
      [],
    );
    assert.ok(known.length > 5);
  });

  test(`the comments of the example ${file} tell the defaults, and a comment explains each section`, () => {
    const alternatives = ["token_path", "server_name", "dir"];
    const plain = flat(schema.parse(parse(text)));
    const full = flat(schema.parse(parse(inFull)));
    for (const [key, value] of Object.entries(full)) {
      if (alternatives.includes(key.split(".").at(-1) ?? "")) continue;
      assert.deepEqual(value, plain[key], key);
    }
  });
}

function flat(value: unknown, path = ""): Record<string, unknown> {
  if (Array.isArray(value))
    return Object.assign({ [path]: value.length }, ...value.map((each) => flat(each, path)));
  if (typeof value !== "object" || value === null) return { [path]: value };
  return Object.assign(
    {},
    ...Object.entries(value).map(([key, each]) => flat(each, path === "" ? key : `${path}.${key}`)),
  );
}

const keysOf = (value: unknown): string[] =>
  // An address is one key of the file and two of the configuration.
  Object.keys(flat(value)).map((key) => key.replace(/\.(host|port)$/u, ""));
