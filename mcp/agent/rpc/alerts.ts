import type { ServiceImpl } from "@connectrpc/connect";
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { DetailedError, messageOf } from "@metacircular/mcdsl/errors.ts";
import type { Announcement } from "@metacircular/mcp-core/alert.ts";
import type { McpAgent } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import type { AlertRecord } from "../registry/alerts.ts";
import type { RpcContext } from "./rpc-context.ts";

type Methods = Pick<ServiceImpl<typeof McpAgent>, "listAlerts" | "testAlert">;

const defaultLimit = 50;
const maximumLimit = 1_000;

export function alertMethods({
  registry,
  alertCommand,
  clock,
}: Pick<RpcContext, "registry" | "alertCommand" | "clock">): Methods {
  let isTesting = false;
  return {
    listAlerts({ service, active, limit }) {
      const atMost = limit === 0 ? defaultLimit : Math.min(limit, maximumLimit);
      return { alerts: registry.alerts.list({ service, active, limit: atMost }).map(encodeAlert) };
    },

    async testAlert(_, { signal }) {
      const { argv } = alertCommand;
      if (argv.length === 0) return { error: "no alert command is configured" };
      if (isTesting) throw testRunning();
      isTesting = true;
      const startedAtMs = clock.now();
      try {
        const { problem, output } = await alertCommand
          .try(testAnnouncement(startedAtMs), signal)
          .catch((error: unknown) => ({ problem: messageOf(error), output: "" }));
        const duration = durationFromMs(Math.max(0, clock.now() - startedAtMs));
        return { argv: [...argv], success: problem === "", error: problem, output, duration };
      } finally {
        isTesting = false;
      }
    },
  };
}

function encodeAlert(record: AlertRecord) {
  const { type, service, component, desired, observed, previous, transitions } = record;
  return {
    id: BigInt(record.id),
    type,
    service,
    component,
    desiredState: desired,
    observedState: observed,
    prevState: previous,
    transitions,
    raised: timestampFromMs(record.raisedAtMs),
    ...(record.recoveredAtMs === 0 ? {} : { recovered: timestampFromMs(record.recoveredAtMs) }),
    command: record.command,
    commandError: record.commandError,
  };
}

function testAnnouncement(atMs: number): Announcement {
  return {
    type: "test",
    atMs,
    service: "mcp",
    component: "test",
    desired: "running",
    observed: "running",
    previous: "running",
    transitions: 0,
  };
}

function testRunning(): DetailedError {
  return new DetailedError({
    code: "ALERT_TEST_RUNNING",
    category: "aborted",
    attempted: "run the alert command",
    found: "another test of it is under way",
    remedy: "try again when it has ended; it may take 30 s",
  });
}
