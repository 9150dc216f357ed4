import type { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import {
  type Finding,
  type FindingSeverity,
  fine,
  type Judgement,
  named,
  problem,
  unknown,
  warning,
} from "@metacircular/mcp-core/doctor/finding.ts";
import {
  FindingSeverity as WireSeverity,
  type DiagnoseResponse,
} from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Invocation } from "../invocation.ts";
import type { AgentClient } from "../nodes/connection.ts";
import type { Nodes } from "../nodes/nodes.ts";
import { timeMsOf } from "../output/time.ts";
import { blameGivenToken } from "../session/given-token.ts";
import { version as ownVersion } from "../version.ts";
import { judgeOffset, leastOffsetMs } from "./clock-offset.ts";

/** Checks of the node have limits of their own, which add up to less. */
const diagnoseTimeoutMs = 45_000;

/** Calls that only read, to see whether the agent knows them. */
const readingCalls: Readonly<Record<string, (agent: AgentClient, signal: AbortSignal) => Promise<unknown>>> =
  {
    ListOperations: (agent: AgentClient, signal: AbortSignal) =>
      agent.listOperations({ limit: 1 }, { signal }),
    ListAlerts: (agent: AgentClient, signal: AbortSignal) => agent.listAlerts({ limit: 1 }, { signal }),
  };

type Calls = Pick<Nodes, "call">;

/** What the agent itself says: who it lets in, its version and clock, and what it finds on its node. */
export async function examineAgent(node: string, nodes: Calls, invocation: Invocation): Promise<Finding[]> {
  const { clock } = invocation;
  const askedAtMs = clock.now();
  const status = await attempt(nodes.call(node, (agent, signal) => agent.nodeStatus({}, { signal })));
  if ("error" in status) {
    const blamed = blameGivenToken(status.error, invocation.environment);
    return refusalFindings("authentication", node, fromConnectError(blamed));
  }
  const { agentVersion, now, nodeName } = status.value;
  const theirsMs = timeMsOf(now);
  const ours = { askedAtMs, answeredAtMs: clock.now() };
  const diagnosis = attempt(
    nodes.call(node, (agent, signal) => agent.diagnose({}, { signal, timeoutMs: diagnoseTimeoutMs })),
  );
  const lacking = await callsLacking(node, nodes);
  return [
    ...named("authentication", [fine(node, "it accepts you")]),
    ...named("version", [judgeVersion(node, agentVersion, ownVersion), judgeName(node, nodeName)]),
    ...named(
      "clock",
      theirsMs === undefined
        ? [unknown(`clock of ${node}`, "the agent is too old to tell its time", "upgrade the agent there")]
        : [judgeOffset(node, leastOffsetMs({ nowMs: theirsMs, resolutionMs: 0 }, ours))],
    ),
    ...diagnosisFindings(node, await diagnosis, lacking),
  ];
}

/** Why a call did not succeed: of the check, or because something could not be reached. */
export function refusalFindings(check: string, subject: string, error: DetailedError): Finding[] {
  const { code, category, found, remedy } = error;
  const isUnreached = category === "unavailable" || category === "deadline-exceeded";
  const next = remedy === "" ? "look into the agent's log: journalctl -u mcp-agent" : remedy;
  return named(isUnreached ? "reachability" : check, [problem(subject, `${found} (${code})`, next)]);
}

/** Versions that differ in more than the last number may not understand each other. */
export function judgeVersion(node: string, theirs: string, own: string): Judgement {
  const subject = `agent of ${node}`;
  const [theirNumber, ownNumber] = [theirs, own].map(numberOf);
  if (theirNumber === undefined || ownNumber === undefined) {
    return unknown(subject, `its version is ${theirs === "" ? "not told" : theirs}, mcp's is ${own}`, "");
  }
  const found = `its version is ${theirs}, mcp's is ${own}`;
  if (theirNumber === ownNumber) return fine(subject, found);
  return warning(
    subject,
    found,
    theirNumber < ownNumber ? `upgrade the agent on ${node}` : "upgrade mcp on this machine",
  );
}

/** Major and minor version as one number that can be compared. */
function numberOf(version: string): number | undefined {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version) ?? [];
  return major === undefined || minor === undefined ? undefined : Number(major) * 1_000_000 + Number(minor);
}

export function judgeName(node: string, own: string): Judgement {
  if (own === node) return fine(node, "it has the same name for itself");
  return warning(
    node,
    `it calls itself ${own}`,
    `use one name: \`mcp node remove ${node}\` and \`mcp node add ${own} <host:port>\`, or node_name in the agent's configuration`,
  );
}

async function callsLacking(node: string, nodes: Calls): Promise<string[]> {
  const tried = await Promise.all(
    Object.entries(readingCalls).map(async ([name, call]) => {
      const result = await attempt(nodes.call(node, call));
      return "error" in result && isLacking(result.error) ? [name] : [];
    }),
  );
  return tried.flat();
}

/** What the node found, and what it could not be asked. */
export function diagnosisFindings(
  node: string,
  diagnosis: { readonly value: Pick<DiagnoseResponse, "findings"> } | { readonly error: DetailedError },
  lacking: readonly string[],
): Finding[] {
  const calls = "error" in diagnosis && isLacking(diagnosis.error) ? [...lacking, "Diagnose"] : lacking;
  const old = warning(
    `agent of ${node}`,
    `it does not know ${calls.join(", ")}`,
    `upgrade the agent on ${node}`,
  );
  const missing = calls.length === 0 ? [] : named("version", [old]);
  if ("value" in diagnosis) return [...missing, ...diagnosis.value.findings.map(fromWire)];
  if (isLacking(diagnosis.error)) return missing;
  const { found, remedy } = diagnosis.error;
  return [...missing, ...named("diagnosis", [unknown(node, found, remedy)])];
}

function fromWire({
  check,
  severity,
  subject,
  found,
  remedy,
}: DiagnoseResponse["findings"][number]): Finding {
  return { check, severity: severities[severity] ?? "unknown", subject, found, remedy };
}

const severities: Partial<Record<WireSeverity, FindingSeverity>> = {
  [WireSeverity.OK]: "ok",
  [WireSeverity.WARNING]: "warning",
  [WireSeverity.PROBLEM]: "problem",
};

function isLacking({ code }: DetailedError): boolean {
  return code === "UNIMPLEMENTED";
}

/** The answer, or why there is none. */
async function attempt<Value>(call: Promise<Value>): Promise<{ value: Value } | { error: DetailedError }> {
  return call.then(
    (value) => ({ value }),
    (error: unknown) => ({ error: fromConnectError(error) }),
  );
}
