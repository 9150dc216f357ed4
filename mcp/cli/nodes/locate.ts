import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { nearestWord } from "@metacircular/mcdsl/toml/nearest.ts";

import type { Context } from "../context.ts";
import {
  assertServiceName,
  definedServices,
  findDefinition,
  type LoadedDefinition,
} from "../definitions/find.ts";
import type { Answers } from "./nodes.ts";

/** Where a service runs or should run. */
export interface ServiceLocation {
  readonly node: string;
  /** The operator's file, where there is one. */
  readonly loaded: LoadedDefinition | undefined;
}

/** The node of a service: the one in --node, else the one its definition names, else the one that has it.
 * @throws DetailedError SERVICE_UNKNOWN, SERVICE_AMBIGUOUS, NODE_UNKNOWN, and those of reading definitions */
export async function locateService(context: Context, service: string): Promise<ServiceLocation> {
  assertServiceName(service);
  const loaded = await findDefinition(context.config.servicesDirectory, service);
  const [chosen, ...others] = context.globals.node;
  if (chosen !== undefined) {
    if (others.length > 0) throw severalNodesGiven(service);
    return { node: context.nodes.config(chosen).name, loaded };
  }
  if (loaded !== undefined) return { node: context.nodes.config(loaded.definition.node).name, loaded };
  return { node: await nodeThatHas(context, service), loaded };
}

/** The node that has the service in its registry. */
async function nodeThatHas(context: Context, service: string): Promise<string> {
  const listed = await context.nodes.ask((agent, signal) => agent.listServices({}, { signal }));
  const holders = listed.answers.filter(({ value }) => value.services.some(({ name }) => name === service));
  const [holder, ...others] = holders.map(({ node }) => node);
  if (holder !== undefined && others.length === 0) return holder;
  if (holder !== undefined) throw ambiguous(service, [holder, ...others]);
  const names = listed.answers.flatMap(({ value }) => value.services.map(({ name }) => name));
  throw unknownService(
    service,
    [...names, ...(await definedServices(context.config.servicesDirectory))],
    listed,
  );
}

function unknownService(service: string, known: readonly string[], asked: Answers<unknown>): DetailedError {
  const meant = nearestWord(service, known);
  const silent = asked.failures.map(({ node }) => node);
  const [first] = asked.failures;
  if (first !== undefined && asked.answers.length === 0) return first.error;
  const unasked = silent.length === 0 ? "" : `, and ${silent.join(", ")} did not answer`;
  return new DetailedError({
    code: "SERVICE_UNKNOWN",
    category: silent.length === 0 ? "not-found" : "unavailable",
    attempted: "find service",
    subject: service,
    found: `it has no definition file and no node knows it${unasked}`,
    remedy: meant === undefined ? "see `mcp list`, or write a definition for it" : `did you mean ${meant}?`,
  });
}

function ambiguous(service: string, holders: readonly string[]): DetailedError {
  return new DetailedError({
    code: "SERVICE_AMBIGUOUS",
    category: "invalid-argument",
    attempted: "find service",
    subject: service,
    found: `several nodes have it: ${holders.join(", ")}`,
    remedy: "choose one with --node",
  });
}

function severalNodesGiven(service: string): DetailedError {
  return new DetailedError({
    code: "SERVICE_AMBIGUOUS",
    category: "invalid-argument",
    attempted: "find service",
    subject: service,
    found: "--node was given more than once",
    remedy: "name one node",
  });
}
