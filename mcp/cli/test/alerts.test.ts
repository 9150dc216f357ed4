import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";

import { json as listJson } from "../commands/alerts/list.ts";
import { json as testJson } from "../commands/alerts/test.ts";
import { parsed } from "./tool.ts";
import { type AgentDouble, createWorkplace } from "./workplace.ts";

const raisedMs = Date.UTC(2026, 10, 20);

/** Has one alert that recovered after an hour, and with `lasting` a newer one whose command failed. */
function agentWith({ lasting = false } = {}): AgentDouble {
  const past = {
    id: 1n,
    type: "crash-loop",
    service: "hello",
    component: "web",
    desiredState: "running",
    observedState: "exited",
    prevState: "running",
    raised: timestampFromMs(raisedMs),
    recovered: timestampFromMs(raisedMs + 3_600_000),
    command: "done",
  };
  const { recovered: _, ...lasts } = past;
  const newer = {
    ...lasts,
    id: 2n,
    type: "drift",
    raised: timestampFromMs(raisedMs + 1),
    command: "failed",
    commandError: "exit code 7\u001b[2J",
  };
  return {
    listAlerts: ({ active, service }) => ({
      alerts: [...(lasting ? [newer] : []), ...(active ? [] : [past])].filter(
        (alert) => service === "" || alert.service === service,
      ),
    }),
  };
}

const works: AgentDouble = {
  testAlert: () => ({
    argv: ["/bin/notify", "ops"],
    success: true,
    output: "sent\n",
    duration: durationFromMs(120),
  }),
};
const fails: AgentDouble = {
  testAlert: () => ({
    argv: ["/bin/notify"],
    error: "exit code 7",
    output: "no route\n",
    duration: durationFromMs(5),
  }),
};
const hasNone: AgentDouble = { testAlert: () => ({ error: "no alert command is configured" }) };

describe("mcp alerts", () => {
  test("lists the alerts of all nodes, newest first, and what became of the command", async () => {
    await using workplace = await createWorkplace({ rift: agentWith(), svc: agentWith({ lasting: true }) });
    const { code, stdout, stderr } = await workplace.mcp("alerts");
    assert.deepEqual([code, stderr], [0, ""]);
    const [heading, ...rows] = stdout.trimEnd().split("\n");
    assert.match(heading ?? "", /^RAISED +NODE +COMPONENT +ALERT +DESIRED +OBSERVED +LASTED +COMMAND$/);
    assert.match(
      rows[0] ?? "",
      /svc +hello\/web +drift +running +exited +\d+d, still +failed: exit code 7\\u001b\[2J$/,
    );
    assert.match(rows[1] ?? "", /hello\/web +crash-loop +running +exited +1h +done$/);
    assert.equal(rows.length, 3);
  });

  test("asks for those that last, or of one service, and says so where there are none", async () => {
    await using workplace = await createWorkplace({ rift: agentWith() });
    const active = await workplace.mcp("alerts", "--active");
    assert.deepEqual([active.code, active.stdout, active.stderr], [0, "", "no alerts\n"]);
    assert.equal((await workplace.mcp("alerts", "list", "--service", "other")).stderr, "no alerts\n");
    assert.equal((await workplace.mcp("alerts", "--limit", "0")).code, 2);
    assert.equal((await workplace.mcp("alerts", "tset")).code, 2);
  });

  test("as JSON has the documented keys", async () => {
    await using workplace = await createWorkplace({ rift: agentWith({ lasting: true }), dead: null });
    const { code, stdout } = await workplace.mcp("alerts", "-o", "json");
    const document = parsed<{ alerts: Record<string, unknown>[] }>(stdout);
    assert.equal(code, 5);
    assert.deepEqual(Object.keys(document), Object.keys(listJson));
    assert.deepEqual(
      document.alerts.map(({ id, raised, recovered }) => [id, raised, recovered]),
      [
        [2, "2026-11-20T00:00:00.001Z", null],
        [1, "2026-11-20T00:00:00.000Z", "2026-11-20T01:00:00.000Z"],
      ],
    );
  });
});

describe("mcp alerts test", () => {
  test("shows how the command of each node ended, and exits with 0 when all ended well", async () => {
    await using workplace = await createWorkplace({ rift: works, svc: works });
    const { code, stdout } = await workplace.mcp("alerts", "test");
    assert.equal(code, 0);
    assert.equal(
      stdout,
      ["rift", "svc"]
        .map((node) => `node ${node}: /bin/notify ops after 120ms: ended well\n  sent\n`)
        .join(""),
    );
  });

  test("exits with 1 where none works, and with 5 where some do", async () => {
    await using workplace = await createWorkplace({ rift: works, svc: fails, dead: null });
    assert.equal((await workplace.mcp("alerts", "test")).code, 5);
    const { code, stdout } = await workplace.mcp("alerts", "test", "--node", "svc");
    assert.deepEqual(
      [code, stdout],
      [1, "node svc: /bin/notify after 5ms: failed: exit code 7\n  no route\n"],
    );
  });

  test("says how to configure a command where there is none", async () => {
    await using workplace = await createWorkplace({ rift: hasNone });
    const { code, stdout, stderr } = await workplace.mcp("alerts", "test");
    assert.deepEqual([code, stdout], [1, "node rift: no alert command is configured\n"]);
    assert.match(stderr, /set alert_command = .* in \[monitor\]/);
    const document = parsed<{ tests: unknown[] }>(
      (await workplace.mcp("alerts", "test", "-o", "json")).stdout,
    );
    const nothing = {
      argv: [],
      success: false,
      error: "no alert command is configured",
      output: "",
      duration_ms: null,
    };
    assert.deepEqual(document.tests, [{ node: "rift", ...nothing }]);
    assert.deepEqual(Object.keys(document), Object.keys(testJson));
  });
});

test("events show what has recovered, and after how long", async () => {
  const alert = {
    type: "recovered",
    observedState: "running",
    recoveredType: "drift",
    duration: durationFromMs(75_000),
  };
  await using workplace = await createWorkplace({
    rift: {
      async *watchEvents() {
        yield {
          timestamp: timestampFromMs(raisedMs),
          service: "hello",
          component: "web",
          event: { case: "alert", value: alert },
        };
      },
    },
  });
  assert.match(
    (await workplace.mcp("events")).stdout,
    /rift {2}hello\/web {2}RECOVERED from drift after 75s: is running\n/,
  );
  const { recovered_type, duration_ms } = parsed<Record<string, unknown>>(
    (await workplace.mcp("events", "-o", "json")).stdout,
  );
  assert.deepEqual([recovered_type, duration_ms], ["drift", 75_000]);
});
