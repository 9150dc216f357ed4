import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sql } from "@metacircular/mcdsl/sql/sql.ts";
import { pages } from "./scan.ts";

/** As SQLite is: it answers at once, and nobody else has his turn meanwhile. */
function tableOf(names: readonly string[]): Sql {
  return {
    query: async (_, [after = "", limit = 0] = []) =>
      names
        .filter((name) => name > String(after))
        .slice(0, Number(limit))
        .map((name) => ({ name })),
    execute: () => assert.fail("it only reads"),
  };
}

const { signal } = new AbortController();

test("a table is read in pages, in the order of its key", async () => {
  const names = Array.from({ length: 450 }, (_, index) => String(index).padStart(4, "0"));
  const found = await Array.fromAsync(pages(tableOf(names), "", { key: "name", signal }));
  assert.deepEqual(
    found.map((rows) => rows.length),
    [200, 200, 50],
  );
  assert.deepEqual(
    found.flat().map(({ name }) => name),
    names,
  );
});

test("others have their turn before each page, also where very many tables are read that have one", async () => {
  const over = new AbortController();
  let turns = 0;
  const turn = (): void => {
    turns += 1;
    if (!over.signal.aborted) setImmediate(turn);
  };
  setImmediate(turn);
  for (let table = 0; table < 50; table += 1)
    assert.equal((await Array.fromAsync(pages(tableOf(["one"]), "", { key: "name", signal }))).length, 1);
  over.abort();
  assert.ok(turns >= 45, `${turns} turns`);
});
