import { fromConnectError } from "@metacircular/mcdsl/grpc/errors.ts";
import { type Finding, named, unknown } from "@metacircular/mcp-core/doctor/finding.ts";

import type { CliConfig, NodeConfig } from "../config/load.ts";
import type { GlobalOptions } from "../globals.ts";
import type { Invocation } from "../invocation.ts";
import { Nodes } from "../nodes/nodes.ts";
import type { Output } from "../output/output.ts";
import { createTokenSource } from "../session/token-source.ts";
import { examineAgent, refusalFindings } from "./agent.ts";
import { examineAuthorities } from "./authorities.ts";
import { examineBuilding } from "./building.ts";
import { examineConfiguration } from "./configuration.ts";
import { examineConnection } from "./connection.ts";
import { type DefinedService, examineDefinitions } from "./definitions.ts";
import { examineIdentityService } from "./identity-service.ts";
import { examineLogin } from "./login.ts";
import { judgePlacement } from "./placement.ts";

/** What was found, by where. */
export interface Examination {
  /** This machine: configuration, definitions, login, and what it sees of all nodes together. */
  readonly machine: readonly Finding[];
  readonly nodes: readonly NodeExamination[];
}

interface NodeExamination {
  readonly node: string;
  readonly address: string;
  readonly findings: readonly Finding[];
}

interface Parts {
  readonly config: CliConfig;
  readonly invocation: Invocation;
  readonly nodes: Nodes;
  /** The nodes to look at. */
  readonly chosen: readonly NodeConfig[];
}

/** Looks at everything that can be looked at, whatever of it is missing or broken. Changes nothing, but that a login
 * that is about to end is renewed as by every command.
 * @throws DetailedError NODE_UNKNOWN */
export async function examine(
  globals: GlobalOptions,
  invocation: Invocation,
  output: Output,
): Promise<Examination> {
  const { config, judgements } = await examineConfiguration(globals.config, invocation.environment);
  const configuration = named("configuration", judgements);
  if (config === undefined) return { machine: configuration, nodes: [] };
  const token = createTokenSource(config, invocation, output);
  await using nodes = new Nodes({ config, only: globals.node, token, signal: invocation.signal });
  const chosen = globals.node.length === 0 ? config.nodes : globals.node.map((name) => nodes.config(name));
  const parts = { config, invocation, nodes, chosen };
  const [local, building, defined, remote] = await Promise.all([
    examineMachine(parts),
    examineBuilding(config, invocation, token),
    examineDefinitions(
      config.servicesDirectory,
      config.nodes.map(({ name }) => name),
    ),
    examineNodes(parts, token),
  ]);
  invocation.signal.throwIfAborted();
  return {
    machine: [
      ...configuration,
      ...named("definitions", defined.judgements),
      ...local,
      ...building,
      ...(hasProblem(local, "login") ? [] : remote.login),
      ...(await examinePlacement(parts, remote.reached, defined.defined)),
    ],
    nodes: remote.examinations,
  };
}

/** Whether the cause is named already, so that what follows from it need not be. */
function hasProblem(findings: readonly Finding[], check: string): boolean {
  return findings.some((finding) => finding.check === check && finding.severity === "problem");
}

async function examineMachine({ config, invocation }: Parts): Promise<Finding[]> {
  const [login, authorities, identity] = await Promise.all([
    examineLogin(config, invocation),
    examineAuthorities(config, invocation.clock.now()),
    examineIdentityService(config.identity, invocation),
  ]);
  return [...named("login", login), ...named("authorities", authorities), ...identity];
}

/** @returns what each node shows and says, which of them answered, and what is wrong with the login */
async function examineNodes(
  { config, invocation, nodes, chosen }: Parts,
  token: () => Promise<string>,
): Promise<{ examinations: NodeExamination[]; reached: string[]; login: Finding[] }> {
  const refused = await token().then(
    () => undefined,
    (error: unknown) => fromConnectError(error, "the identity service"),
  );
  const reached = new Set<string>();
  const examinations = await Promise.all(
    chosen.map(async (node): Promise<NodeExamination> => {
      const { signal, clock } = invocation;
      const { usable, findings } = await examineConnection(node, config, { nowMs: clock.now(), signal });
      const { name, address } = node;
      if (!usable) return { node: name, address, findings };
      if (refused !== undefined) {
        const unasked = unknown(name, "it was not asked, since there is no login", "mend the login first");
        return { node: name, address, findings: [...findings, ...named("authentication", [unasked])] };
      }
      reached.add(name);
      return {
        node: name,
        address,
        findings: [...findings, ...(await examineAgent(name, nodes, invocation))],
      };
    }),
  );
  const login = refused === undefined ? [] : refusalFindings("login", "token", refused);
  // In the order of the configuration, whichever answered first.
  const names = chosen.map(({ name }) => name).filter((name) => reached.has(name));
  return { examinations, reached: names, login };
}

async function examinePlacement(
  { nodes }: Parts,
  reached: readonly string[],
  defined: readonly DefinedService[],
): Promise<Finding[]> {
  if (reached.length === 0) return [];
  const { answers } = await nodes.only(reached).ask((agent, signal) => agent.listServices({}, { signal }));
  const holdings = new Map(
    answers.map(({ node, value }) => [
      node,
      value.services
        .filter(({ components }) => components.some(({ desiredState }) => desiredState !== "ignore"))
        .map(({ name }) => name),
    ]),
  );
  return named("placement", judgePlacement(holdings, defined));
}
