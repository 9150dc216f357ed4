import assert from "node:assert/strict";
import { chmod, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { startOnTerminal, type TerminalRun } from "./terminal.ts";
import { aDefinition, type AgentDouble, agentWith, createWorkplace, type Workplace } from "./workplace.ts";

const empty: AgentDouble = { listServices: () => ({ services: [] }) };

interface Desk extends AsyncDisposable {
  readonly workplace: Workplace;
  /** Runs `mcp edit hello` with an editor that is this shell script; `$1` is the text. */
  edit(script: string, more?: Record<string, string>, ...argv: string[]): Promise<TerminalRun>;
  /** The texts that were kept. */
  kept(): Promise<string[]>;
}

async function createDesk(agent: AgentDouble | null): Promise<Desk> {
  const workplace = await createWorkplace({ rift: agent });
  const state = join(workplace.directory, "state");
  const editor = join(workplace.directory, "my editor");
  const drafts = join(state, "mcp", "edits");
  return {
    workplace,
    async edit(script, more = {}, ...argv) {
      await writeFile(editor, `#!/bin/sh\n${script}\n`);
      await chmod(editor, 0o755);
      const env = {
        MCP_CONFIG: workplace.configFile,
        MCP_TOKEN: "token-of-alice",
        XDG_STATE_HOME: state,
        COUNT: join(workplace.directory, "count"),
        FILE: join(workplace.directory, "services", "hello.toml"),
        EDITOR: `"${editor}" --wait`,
        ...more,
      };
      return startOnTerminal(["edit", "hello", ...argv], env);
    },
    kept: async () =>
      Promise.all(
        (await readdir(drafts).catch(() => [])).map((name) => readFile(join(drafts, name), "utf8")),
      ),
    [Symbol.asyncDispose]: () => workplace[Symbol.asyncDispose](),
  };
}

const toV2 = `[ "$1" = --wait ] && sed -i s/:v1/:v2/ "$2"`;
const toV3 = `sed -i s/:v1/:v3/ "$2"`;
const file = aDefinition("hello", "web");

describe("mcp edit", () => {
  test("saves what the editor wrote, with the file's permissions, and says what is next", async () => {
    await using desk = await createDesk(null);
    const path = await desk.workplace.define("hello", file);
    await chmod(path, 0o640);
    const run = await desk.edit(`stat -c %a "$2" > "$COUNT"; ${toV2}`);
    assert.equal(await run.result, 0, run.shown());
    assert.equal(await desk.workplace.definition("hello"), file.replace(":v1", ":v2"));
    assert.equal((await stat(path)).mode & 0o777, 0o640);
    assert.equal(await readFile(join(desk.workplace.directory, "count"), "utf8"), "600\n");
    assert.equal(run.shown(), `saved ${path}\r\nnext: mcp plan hello, then mcp deploy hello\r\n`);
    assert.deepEqual(await desk.kept(), []);
  });

  test("saves nothing where nothing was changed", async () => {
    await using desk = await createDesk(null);
    await desk.workplace.define("hello", file);
    const run = await desk.edit("true");
    assert.equal(await run.result, 0);
    assert.equal(run.shown(), "nothing was changed, so nothing was saved\r\n");
    assert.deepEqual(await desk.kept(), []);
  });

  test("shows mistakes with line and column, opens the same text again, and saves it once it is right", async () => {
    await using desk = await createDesk(null);
    const path = await desk.workplace.define("hello", file);
    const run = await desk.edit(
      `if [ -e "$COUNT" ]; then sed -i s/imagee/image/ "$2"; else touch "$COUNT"; sed -i 's/image/imagee/; s/:v1/:v7/' "$2"; fi`,
    );
    await run.seen("Edit it again?");
    assert.ok(
      run.shown().startsWith(`${path}:7:1: unknown key "imagee"; did you mean "image"?`),
      run.shown(),
    );
    run.type("\n");
    assert.equal(await run.result, 0, run.shown());
    assert.equal(await desk.workplace.definition("hello"), file.replace(":v1", ":v7"));
    assert.deepEqual(await desk.kept(), []);
  });

  for (const [answer, code] of [
    ["n\n", 2],
    ["\u0003", 1],
  ] as const) {
    test(`keeps a wrong text and leaves the file alone after ${JSON.stringify(answer)}`, async () => {
      await using desk = await createDesk(null);
      await desk.workplace.define("hello", file);
      const run = await desk.edit(`echo 'node =' >> "$2"`);
      await run.seen("Edit it again?");
      run.type(answer);
      assert.equal(await run.result, code, run.shown());
      assert.equal(await desk.workplace.definition("hello"), file);
      assert.deepEqual(await desk.kept(), [`${file}node =\n`]);
      assert.match(run.shown(), /your text is kept in .*\/mcp\/edits\/hello\..*\.toml\r\n/);
      const next = await desk.edit("true");
      await next.result;
      assert.match(next.shown(), /an earlier text of hello was not saved, or is being edited: .*hello\./);
    });
  }

  for (const [what, ending, message] of [
    ["fails", "exit 1", "it ended with exit code 1; nothing was saved"],
    ["is killed", "kill -9 $$", "it was ended by SIGKILL"],
    ["is interrupted", "kill -INT $$", "it was ended by SIGINT"],
  ] as const) {
    test(`keeps the text when the editor ${what}`, async () => {
      await using desk = await createDesk(null);
      await desk.workplace.define("hello", file);
      const run = await desk.edit(`${toV2}; ${ending}`);
      assert.equal(await run.result, 1, run.shown());
      assert.equal(await desk.workplace.definition("hello"), file);
      assert.deepEqual(await desk.kept(), [file.replace(":v1", ":v2")]);
      assert.ok(run.shown().includes(message), run.shown());
      assert.match(run.shown(), /your text is kept in .*\r\ncompare: diff .*\r\n/);
    });
  }

  for (const signal of ["TERM", "HUP", "KILL"]) {
    test(`keeps the text when mcp itself is ended by SIG${signal}`, async () => {
      await using desk = await createDesk(null);
      await desk.workplace.define("hello", file);
      const run = await desk.edit(`${toV2}; kill -${signal} $PPID; sleep 0.2`);
      assert.notEqual(await run.result, 0);
      assert.equal(await desk.workplace.definition("hello"), file);
      assert.deepEqual(await desk.kept(), [file.replace(":v1", ":v2")]);
      if (signal === "TERM") assert.match(run.shown(), /your text is kept in/);
    });
  }

  test("Ctrl-C belongs to the editor while it runs", async () => {
    await using desk = await createDesk(null);
    await desk.workplace.define("hello", file);
    const run = await desk.edit(
      `trap 'touch "$COUNT"' INT; echo ready; until [ -e "$COUNT" ]; do sleep 0.05; done; ${toV2}`,
    );
    await run.seen("ready");
    run.type("\u0003");
    assert.equal(await run.result, 0, run.shown());
    assert.equal(await desk.workplace.definition("hello"), file.replace(":v1", ":v2"));
  });

  test("does not overwrite what a second terminal saved meanwhile", async () => {
    await using desk = await createDesk(null);
    await desk.workplace.define("hello", file);
    const run = await desk.edit(`sed -i s/:v1/:v9/ "$FILE"; ${toV2}`);
    assert.equal(await run.result, 1, run.shown());
    assert.equal(await desk.workplace.definition("hello"), file.replace(":v1", ":v9"));
    assert.deepEqual(await desk.kept(), [file.replace(":v1", ":v2")]);
    assert.match(run.shown(), /somebody else changed it in the meantime/);
    assert.match(run.shown(), /code: FILE_CHANGED/);
  });

  test("keeps the text when the file cannot be written", async () => {
    await using desk = await createDesk(null);
    await desk.workplace.define("hello", file);
    const run = await desk.edit(`${toV2}; rm "$FILE"; mkdir "$FILE"`);
    assert.equal(await run.result, 2, run.shown());
    assert.deepEqual(await desk.kept(), [file.replace(":v1", ":v2")]);
    assert.match(run.shown(), /your text is kept in/);
  });

  test("starts from what the node has where there is no file", async () => {
    await using desk = await createDesk(agentWith(file));
    const run = await desk.edit(`cp "$2" "$COUNT"; ${toV3}`);
    assert.equal(await run.result, 0, run.shown());
    assert.match(run.shown(), /^hello has no definition file; starting from what rift has\r\n/);
    const text =
      'name = "hello"\nnode = "rift"\n\n[[components]]\nname = "web"\nimage = "localhost/web:v3"\n';
    assert.equal(await desk.workplace.definition("hello"), text);
    assert.equal((await stat(join(desk.workplace.directory, "services", "hello.toml"))).mode & 0o777, 0o600);
  });

  test("starts from a template where nobody knows the service, and where no node answers", async () => {
    for (const [agent, message] of [
      [empty, "it has no definition file and no node knows it; starting from a template"],
      [null, "; starting from a template"],
    ] as const) {
      await using desk = await createDesk(agent);
      const run = await desk.edit(`sed -i 's|image = ""|image = "localhost/hello:v1"|' "$2"`);
      assert.equal(await run.result, 0, run.shown());
      assert.ok(run.shown().includes(message), run.shown());
      assert.match(await desk.workplace.definition("hello"), /^node = "rift" # rift\n/m);
    }
  });

  test("says when the editor does not exist or cannot be understood, and leaves nothing behind", async () => {
    await using desk = await createDesk(null);
    await desk.workplace.define("hello", file);
    for (const [editor, message] of [
      ["no-such-editor", "cannot edit with no-such-editor: there is no such program"],
      [`vi "x`, "a quote in EDITOR is not closed"],
      [`""`, "EDITOR names no program"],
    ] as const) {
      const run = await desk.edit("true", { EDITOR: editor });
      assert.equal(await run.result, editor === "no-such-editor" ? 1 : 2, run.shown());
      assert.ok(run.shown().includes(message), run.shown());
    }
    assert.deepEqual(await desk.kept(), []);
  });

  test("falls back to VISUAL", async () => {
    await using desk = await createDesk(null);
    await desk.workplace.define("hello", file);
    const run = await desk.edit("true", { EDITOR: "", VISUAL: "sed -i s/:v1/:v5/" });
    assert.equal(await run.result, 0, run.shown());
    assert.match(await desk.workplace.definition("hello"), /:v5/);
  });

  test("needs a terminal, and says what to do without", async () => {
    await using desk = await createDesk(null);
    const { code, stderr } = await desk.workplace.mcp("service", "edit", "hello");
    assert.equal(code, 2);
    assert.match(
      stderr,
      /there is no terminal\n {2}next: write .*services\/hello\.toml with any editor\n {2}code: NOT_A_TERMINAL/,
    );
  });
});
