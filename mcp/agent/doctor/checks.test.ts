import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { judgeAlertCommand } from "./alert-command.ts";
import { checks } from "./checks.ts";
import { judgeMoved, judgeSynchronised } from "./clock.ts";
import { judgeWatch } from "./exit-watch.ts";
import { judgeLingering } from "./lingering.ts";
import { judgeOwnToken } from "./own-token.ts";
import { judgeIntegrity, judgeWal } from "./registry.ts";
import { judgeSnapshots } from "./snapshots.ts";

test("no two checks have the same name", () => {
  const names = checks.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

describe("of the registry", () => {
  test("damage is told, with what to do", () => {
    const damaged = judgeIntegrity("/srv/mcp/mcp.db", 2 ** 20, ["Tree 5 page 7: out of order"]);
    assert.deepEqual(
      [damaged.severity, damaged.found],
      ["problem", "it is damaged: Tree 5 page 7: out of order"],
    );
    assert.equal(judgeIntegrity("/srv/mcp/mcp.db", 2 ** 20, []).found, "it is whole, 1.0 MiB");
  });

  test("a write-ahead log that is not emptied is a warning", () => {
    assert.equal(judgeWal("mcp.db-wal", 4 * 2 ** 20).severity, "ok");
    assert.equal(judgeWal("mcp.db-wal", 300 * 2 ** 20).severity, "warning");
  });

  test("a snapshot may be two days old", () => {
    const age = (hours: number) => ({
      takenAtMs: 1,
      nowMs: 1 + hours * 3_600_000,
      config: "/srv/mcp/mcp-agent.toml",
    });
    assert.equal(judgeSnapshots("backups", age(47)).severity, "ok");
    assert.match(
      judgeSnapshots("backups", age(49)).remedy,
      /^mcp-agent snapshot --config \/srv\/mcp\/mcp-agent\.toml/,
    );
  });
});

describe("of the clock", () => {
  test("that nobody keeps it right cannot be told", () => {
    assert.equal(judgeSynchronised(false, false).severity, "unknown");
    assert.equal(judgeSynchronised(false, true).severity, "ok");
    assert.equal(judgeSynchronised(true, true).found, "the clock is synchronised");
  });

  test("a jump either way is a warning", () => {
    assert.equal(judgeMoved(-900).severity, "ok");
    assert.match(judgeMoved(3_600_000).found, /moved forward by 3600 s/);
    assert.match(judgeMoved(-60_000).found, /moved back by 60 s/);
  });
});

test("an ordinary user without lingering loses its containers", () => {
  assert.equal(
    judgeLingering("mcp", { needed: true, lingers: false }).remedy,
    "as root: loginctl enable-linger mcp",
  );
  assert.equal(judgeLingering("mcp", { needed: true, lingers: true }).severity, "ok");
  assert.equal(judgeLingering("root", { needed: false, lingers: false }).severity, "ok");
});

test("an exit directory that cannot be watched is a warning", () => {
  assert.equal(judgeWatch("/run/libpod/exits", "").severity, "ok");
  assert.match(judgeWatch("/run/libpod/exits", "ENOSPC").found, /interval only: ENOSPC/);
});

test("an alert command is optional, but must be a program", () => {
  assert.equal(judgeAlertCommand(undefined, "").severity, "ok");
  assert.equal(judgeAlertCommand("/usr/local/bin/page", "").severity, "ok");
  assert.equal(judgeAlertCommand("/usr/local/bin/page", "it may not be run").severity, "problem");
});

test("an agent whose own token is refused needs a new one; one that gets no answer does not", () => {
  const place = { issuer: "https://mcias", file: "/srv/mcp/token" };
  const error = (category: "unavailable" | "unauthenticated", found: string) =>
    new DetailedError({ code: "X", category, attempted: "authenticate", found });
  const expired = judgeOwnToken(error("unauthenticated", "the token has expired"), place);
  assert.deepEqual(
    [expired.subject, expired.found],
    [place.file, "the agent's own token: the token has expired"],
  );
  const refused = judgeOwnToken(
    error("unavailable", "it answered 401: it does not accept this service's own credentials"),
    place,
  );
  assert.match(refused.remedy, /^issue a new token/);
  const down = judgeOwnToken(error("unavailable", "the connection was refused"), place);
  assert.deepEqual([down.subject, down.remedy.slice(0, 8)], [place.issuer, "start it"]);
});
