import assert from "node:assert/strict";
import { mkdirSync, mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { violations } from "./rules.ts";
import { readSourceTree } from "./source-tree.ts";

type Sources = Readonly<Record<string, string>>;

/** What the layout check says of a tree with these files. */
function check(sources: Sources): string[] {
  using root = mkdtempDisposableSync(path.join(tmpdir(), "layout-"));
  for (const [file, source] of Object.entries(sources)) {
    mkdirSync(path.dirname(path.join(root.path, file)), { recursive: true });
    writeFileSync(path.join(root.path, file), source);
  }
  return violations(readSourceTree(root.path)).map(
    ({ file, line, message }) => `${file}:${line}: ${message}`,
  );
}

const mcdsl = "@metacircular/mcdsl";
const sound: Sources = {
  "mcp/core/names.ts": `import { createHash } from "node:crypto";\nexport const hash = createHash;\n`,
  "mcp/core/zones.ts": "export const zone = 1;\n",
  "mcp/cli/main.ts": `import "@metacircular/mcp-core/names.ts";\nimport "@metacircular/mcp-core/zones.ts";\n`,
  "mcdsl/database/open.ts": `export { DatabaseSync } from "node:sqlite";\n`,
  "mcdsl/errors.ts": `import type { hash } from "@metacircular/mcp-core/names.ts";\nexport type Hash = typeof hash;\n`,
  "mcias/client.ts": `import "${mcdsl}/errors.ts";\nexport { client } from "./client/login.ts";\n`,
  "mcias/client/login.ts": `export const client = 1;\n`,
  "mcias/main.ts": `import "${mcdsl}/database/open.ts";\nimport "${mcdsl}/errors.ts";\n`,
  "mcias/main.test.ts": `import "@metacircular/testkit/identity.ts";\n`,
  "mcp/agent/main.ts": `import { client } from "@metacircular/mcias/client.ts";\nawait import("./agent.ts");\nclient;\n`,
  "mcp/agent/agent.ts": `export const agent = new URL("./worker.ts", import.meta.url);\n`,
  "mcp/agent/worker.ts": `import type { DatabaseSync } from "node:sqlite";\nexport type Rows = DatabaseSync;\n`,
  "mcp/agent/test/agent.test.ts": `import "./fixture.ts";\nimport "node:child_process";\n`,
  "mcp/agent/test/fixture.ts": `export {};\n`,
  "metacircular/main.ts": `import "@metacircular/mcias/main.ts";\n`,
  "testkit/identity.ts": `import "@metacircular/mcias/main.ts";\n`,
};

interface Broken {
  readonly what: string;
  readonly sources: Sources;
  readonly found: RegExp;
}

const broken: readonly Broken[] = [
  {
    what: "the standard library importing a service",
    sources: {
      "mcdsl/errors.ts": `export type { hash } from "@metacircular/mcp-core/names.ts";\nimport "@metacircular/mcr/main.ts";\n`,
      "mcr/main.ts": "export {};\n",
    },
    found: /^mcdsl\/errors\.ts:2: mcdsl must not import mcr\/main\.ts; /,
  },
  {
    what: "the core importing the standard library, even only a type",
    sources: {
      "mcp/core/zones.ts": `import type { Hash } from "${mcdsl}/errors.ts";\nexport type Zone = Hash;\n`,
    },
    found: /^mcp\/core\/zones\.ts:1: mcp\/core must not import mcdsl\/errors\.ts; /,
  },
  {
    what: "a service importing the inside of another",
    sources: {
      "mcp/agent/agent.ts": `export * from "@metacircular/mcias/main.ts";\nnew URL("worker.ts", import.meta.url);`,
    },
    found: /^mcp\/agent\/agent\.ts:1: mcp\/agent must not import mcias\/main\.ts; /,
  },
  {
    what: "a client that pulls in its own service",
    sources: {
      "mcias/client.ts": `export { client } from "./client/login.ts";\nimport "./main.ts";\n`,
    },
    found: /^mcias\/client\.ts:2: client must not import mcias\/main\.ts; /,
  },
  {
    what: "a service reaching behind the client of another",
    sources: {
      "mcp/cli/main.ts": `${sound["mcp/cli/main.ts"]}import "@metacircular/mcias/client/login.ts";\n`,
    },
    found: /^mcp\/cli\/main\.ts:3: mcp\/cli must not import mcias\/client\/login\.ts; /,
  },
  {
    what: "the command line importing the agent",
    sources: { "mcp/cli/main.ts": `${sound["mcp/cli/main.ts"]}import "@metacircular/mcp-agent/agent.ts";\n` },
    found: /^mcp\/cli\/main\.ts:3: mcp\/cli must not import mcp\/agent\/agent\.ts; /,
  },
  {
    what: "a product file importing the testkit",
    sources: { "metacircular/main.ts": `import "@metacircular/testkit/identity.ts";\n` },
    found: /^metacircular\/main\.ts:1: metacircular must not import testkit\/identity\.ts; /,
  },
  {
    what: "a product file importing something of the tests",
    sources: { "mcp/agent/main.ts": `${sound["mcp/agent/main.ts"]}import "./test/fixture.ts";\n` },
    found: /^mcp\/agent\/main\.ts:4: imports mcp\/agent\/test\/fixture\.ts, which belongs to the tests; /,
  },
  {
    what: "a relative import of another workspace",
    sources: { "metacircular/main.ts": `import "../mcias/main.ts";\n` },
    found: /^metacircular\/main\.ts:1: imports mcias\/main\.ts by a relative path; name the workspace/,
  },
  {
    what: "files that import each other in a circle",
    sources: { "mcp/agent/worker.ts": `export const a = 1;\nexport { agent } from "./agent.ts";\n` },
    found:
      /^mcp\/agent\/agent\.ts:1: imports itself in a circle: mcp\/agent\/agent\.ts -> mcp\/agent\/worker\.ts -> mcp\/agent\/agent\.ts; /,
  },
  {
    what: "a file that nothing reaches",
    sources: { "mcias/forgotten.ts": "export {};\n" },
    found: /^mcias\/forgotten\.ts:1: no main\.ts reaches it; /,
  },
  {
    what: "a product file that only a test reaches",
    sources: {
      "mcias/forgotten.ts": "export {};\n",
      "mcias/forgotten.test.ts": `import "./forgotten.ts";\n`,
    },
    found: /^mcias\/forgotten\.ts:1: no main\.ts reaches it; /,
  },
  {
    what: "a part of the testkit that no test uses",
    sources: { "testkit/forgotten.ts": "export {};\n" },
    found: /^testkit\/forgotten\.ts:1: no test reaches it; /,
  },
  {
    what: "the core reading files",
    sources: { "mcp/core/names.ts": `export { readFileSync as hash } from "node:fs";\n` },
    found: /^mcp\/core\/names\.ts:1: mcp\/core is pure and must not import node:fs; /,
  },
  {
    what: "SQL outside the database, registry and store folders",
    sources: {
      "mcp/agent/worker.ts": `\n\nimport { DatabaseSync } from "node:sqlite";\nnew DatabaseSync("");\n`,
    },
    found: /^mcp\/agent\/worker\.ts:3: must not import node:sqlite: /,
  },
  {
    what: "a process started outside the folder that owns it",
    sources: { "mcias/main.ts": `${sound["mcias/main.ts"]}import { spawn } from "node:child_process";\n` },
    found: /^mcias\/main\.ts:3: must not import node:child_process: /,
  },
  {
    what: "a file whose name says nothing",
    sources: {
      "mcias/main.ts": `${sound["mcias/main.ts"]}import "./utils.ts";\n`,
      "mcias/utils.ts": "export {};\n",
    },
    found: /^mcias\/utils\.ts:1: "utils\.ts" names no subject; /,
  },
  {
    what: "a folder whose name says nothing",
    sources: {
      "mcias/main.ts": `${sound["mcias/main.ts"]}import "./common/a.ts";\n`,
      "mcias/common/a.ts": "export {};\n",
    },
    found: /^mcias\/common\/a\.ts:1: "common" names no subject; /,
  },
];

describe("layout check", () => {
  test("is content with a sound tree", () => {
    assert.deepEqual(check(sound), []);
  });

  for (const { what, sources, found } of broken) {
    test(`finds ${what}`, () => {
      const lines = check({ ...sound, ...sources });
      assert.equal(lines.length, 1, lines.join("\n"));
      assert.match(lines[0]!, found);
    });
  }
});
