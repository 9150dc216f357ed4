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
  /** The operator's file, where there is one that can be used. */
  readonly loaded: LoadedDefinition | undefined;
  /** What is wrong with the operator's file, where there is one that cannot be used. */
  readonly unusable: DetailedError | undefined;
}

/** The node of a service: the one in --node, else the one its definition names, else the one that has it.
 * @throws DetailedError SERVICE_UNKNOWN, SERVICE_AMBIGUOUS, NODE_UNKNOWN, and those of reading definitions */
export async function locateDefined(context: Context, service: string): Promise<ServiceLocation> {
  const loaded = await findDefinition(context.config.servicesDirectory, service);
  const node = namedNode(context, service, loaded) ?? (await nodeThatHas(context, service));
  return { node, loaded, unusable: undefined };
}

/** As `locateDefined`, for what works on what a node has: a file with mistakes does not keep anybody from
 * rolling back or stopping what it once described.
 * @throws DetailedError as above; what is wrong with the file only where no node has the service either */
export async function locateService(context: Context, service: string): Promise<ServiceLocation> {
  assertServiceName(service);
  const found = await findUsable(context, service);
  const node = namedNode(context, service, found.loaded);
  if (node !== undefined) return { node, ...found };
  const holder = await nodeThatHas(context, service, found.unusable);
  if (found.unusable !== undefined)
    context.output.say(
      `${found.unusable.subject} cannot be used, see \`mcp plan ${service}\`; node ${holder} has the service`,
    );
  return { node: holder, ...found };
}

/** The operator's file, or what is wrong with it. */
export async function findUsable(context: Context, service: string): Promise<Omit<ServiceLocation, "node">> {
  try {
    const loaded = await findDefinition(context.config.servicesDirectory, service);
    return { loaded, unusable: undefined };
  } catch (thrown) {
    if (thrown instanceof DetailedError) return { loaded: undefined, unusable: thrown };
    throw thrown;
  }
}

/** The node in --node, else the one that the definition names.
 * @throws DetailedError SERVICE_AMBIGUOUS, NODE_UNKNOWN */
export function namedNode(
  context: Context,
  service: string,
  loaded: LoadedDefinition | undefined,
): string | undefined {
  const [chosen, ...others] = context.globals.node;
  if (others.length > 0) throw severalNodesGiven(service);
  const name = chosen ?? loaded?.definition.node;
  return name === undefined ? undefined : context.nodes.config(name).name;
}

/** The node that has the service in its registry.
 * @param unusable what is wrong with its definition file */
async function nodeThatHas(context: Context, service: string, unusable?: DetailedError): Promise<string> {
  const listed = await context.nodes.ask((agent, signal) => agent.listServices({}, { signal }));
  const holders = listed.answers.filter(({ value }) => value.services.some(({ name }) => name === service));
  const [holder, ...others] = holders.map(({ node }) => node);
  if (holder !== undefined && others.length === 0) return holder;
  if (holder !== undefined) throw severalNodesHave(service, [holder, ...others]);
  if (unusable !== undefined) throw unusable;
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

export function severalNodesHave(service: string, holders: readonly string[]): DetailedError {
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
