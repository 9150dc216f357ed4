import assert from "node:assert/strict";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { FindingSeverity } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";
import { version } from "../version.ts";
import { parsed } from "./tool.ts";
import type { AgentDouble, Workplace } from "./workplace.ts";

export interface Finding {
  readonly check: string;
  readonly severity: string;
  readonly subject: string;
  readonly found: string;
  readonly remedy: string;
}

export interface Examination {
  readonly machine: readonly Finding[];
  readonly nodes: readonly { readonly node: string; readonly findings: readonly Finding[] }[];
  readonly counts: Readonly<Record<string, number>>;
}

export const disk = {
  check: "disk",
  severity: FindingSeverity.OK,
  subject: "/srv",
  found: "50 GiB are free",
};

/** An agent that is well, but for what a test changes. */
export function anAgent(name: string, fields: AgentDouble = {}): AgentDouble {
  return {
    nodeStatus: () => ({ nodeName: name, agentVersion: version, now: timestampFromMs(Date.now()) }),
    listServices: () => ({}),
    listOperations: () => ({}),
    listAlerts: () => ({}),
    diagnose: () => ({ findings: [disk] }),
    ...fields,
  };
}

/** Services as a node lists them, each with one component that it manages. */
export const holding = (...names: string[]): AgentDouble => ({
  listServices: () => ({
    services: names.map((name) => ({ name, components: [{ name: "web", desiredState: "running" }] })),
  }),
});

export async function examined(
  place: Workplace,
  ...argv: string[]
): Promise<{ code: number | null; seen: Examination }> {
  const { code, stdout, stderr } = await place.mcp("doctor", "-o", "json", ...argv);
  assert.match(stdout, /^\{/, stderr);
  return { code, seen: parsed<Examination>(stdout) };
}

/** What is not fine, as `check severity subject: found`. */
export function wrong(findings: readonly Finding[]): string[] {
  return findings
    .filter(({ severity }) => severity !== "ok")
    .map(({ check, severity, subject, found }) => `${check} ${severity} ${subject}: ${found}`);
}

export const all = ({ machine, nodes }: Examination): Finding[] => [
  ...machine,
  ...nodes.flatMap(({ findings }) => findings),
];
