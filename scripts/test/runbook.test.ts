import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

test("the runbook has a chapter for every type of alert in the contract", () => {
  const comment =
    /message AlertInfo \{[^}]*?\/\/ (.*)\n\s*string type = 2;/u.exec(read("proto/mcp/v1/mcp.proto"))?.[1] ??
    "";
  const types = [...comment.matchAll(/"([a-z-]+)"/gu)].map(([, type]) => String(type));
  assert.ok(types.length >= 4, comment);
  const headings = [...read("docs/runbook.md").matchAll(/^## Alert: `([a-z-]+)`$/gmu)].map(([, type]) =>
    String(type),
  );
  assert.deepEqual(headings.toSorted(), [...types, "recovered"].toSorted());
});

function isOption(option: string, chapter: string): boolean {
  return chapter.includes(option) || ["--node", "-o", "--yes"].includes(option);
}

test("the commands in the runbook exist, with the options they are given", () => {
  const chapters = new Map(
    read("docs/cli.md")
      .split(/^## mcp /mu)
      .slice(1)
      .map((chapter) => [chapter.slice(0, chapter.indexOf("\n")), chapter]),
  );
  const begin = /(?:^|[`(]|&& |do )mcp ([a-z][^`\n;|&)#]*)/gmu;
  const calls = [...read("docs/runbook.md").matchAll(begin)].map(([, call]) => String(call));
  const wrong = calls.filter((call) => {
    const [first = "", second = ""] = call.split(" ");
    const chapter = chapters.get(`${first} ${second}`) ?? chapters.get(first);
    const options = call.match(/ -(-[a-z-]+|[a-z])\b/gu) ?? [];
    return chapter === undefined || !options.every((option) => isOption(option.trim(), chapter));
  });
  assert.deepEqual(wrong, []);
  assert.ok(calls.length > 20);
});

test("every error code is explained by what it means and by what to do", () => {
  const rows = read("docs/errors.md").match(/^\| `[A-Z0-9_]+`.*$/gmu) ?? [];
  const bare = rows.filter((row) => {
    const [, , meaning = "", remedy = ""] = row.split("|").map((cell) => cell.trim());
    return meaning.length < 10 || remedy.length < 5;
  });
  assert.deepEqual(bare, []);
  assert.ok(rows.length > 100);
});

test("the agent's unit has no directive that is written down as breaking it", () => {
  const rows = read("docs/hardening.md").matchAll(/^\| `(\w+=[^`]*)`.*\| \*\*no\*\*/gmu);
  const broken = [...rows].map(([, directive]) => String(directive).replace(/…$/u, ""));
  const unit = read("deploy/systemd/mcp-agent.service").split("\n");
  assert.ok(broken.length > 10);
  for (const directive of broken) assert.ok(!unit.some((line) => line.startsWith(directive)), directive);
});
