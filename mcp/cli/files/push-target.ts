import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { filePathProblem } from "@metacircular/mcp-core/file-path.ts";

import type { Context } from "../context.ts";
import { assertServiceName } from "../definitions/find.ts";
import { locateService } from "../nodes/locate.ts";
import type { Source } from "./source.ts";

/** The path on the node, relative to the service's directory: what the operator names; with `/` at its end a
 * directory for the file; nothing for a file of the same name.
 * @throws DetailedError FILE_PATH_INVALID */
export function pushPath(path: string | undefined, source: Pick<Source, "basename" | "name">): string {
  const intoDirectory = path === undefined || path.endsWith("/");
  if (intoDirectory && source.basename === undefined) {
    throw pathInvalid("push", source.name, "it has no name", "name the file on the node");
  }
  const whole = intoDirectory ? `${path ?? ""}${source.basename}` : path;
  assertFilePath("push", whole);
  return whole;
}

/** @throws DetailedError FILE_PATH_INVALID */
export function assertFilePath(attempted: "push" | "pull", path: string): void {
  const problem = filePathProblem(path);
  if (problem === undefined) return;
  const remedy = "write it relative to the service's directory, such as certs/server.pem";
  throw pathInvalid(attempted, JSON.stringify(path.slice(0, longestShown)), problem, remedy);
}

const longestShown = 200;

function pathInvalid(attempted: string, subject: string, found: string, remedy: string): DetailedError {
  const code = "FILE_PATH_INVALID";
  return new DetailedError({ code, category: "invalid-argument", attempted, subject, found, remedy });
}

/** The node to push to. A service that is neither defined nor deployed may be a typing error, which would leave a
 * stray directory: it must be meant.
 * @param create it is meant
 * @throws DetailedError SERVICE_UNKNOWN, SERVICE_AMBIGUOUS, NODE_UNKNOWN */
export async function nodeForPush(context: Context, service: string, create: boolean): Promise<string> {
  assertServiceName(service);
  try {
    const { node, loaded, unusable } = await locateService(context, service);
    if (create || loaded !== undefined || unusable !== undefined) return node;
    const { services } = await context.nodes.call(node, (agent, signal) =>
      agent.listServices({}, { signal }),
    );
    if (services.some(({ name }) => name === service)) return node;
    throw unknownOnNode(service, node);
  } catch (thrown) {
    if (!(thrown instanceof DetailedError) || thrown.code !== "SERVICE_UNKNOWN") throw thrown;
    const [only, ...others] = context.config.nodes;
    if (!create) throw orCreate(thrown);
    if (only !== undefined && others.length === 0) return only.name;
    throw chooseNode(service);
  }
}

function unknownOnNode(service: string, node: string): DetailedError {
  return new DetailedError({
    code: "SERVICE_UNKNOWN",
    category: "not-found",
    attempted: "find service",
    subject: service,
    found: `it has no definition file, and node ${node} does not know it`,
    remedy: "look at the name",
  });
}

function orCreate(unknown: DetailedError): DetailedError {
  const { code, category, attempted, subject, found, remedy } = unknown;
  const more = `${remedy}; with --create its directory is made all the same`;
  return new DetailedError({ code, category, attempted, subject, found, remedy: more, cause: unknown });
}

function chooseNode(service: string): DetailedError {
  return new DetailedError({
    code: "SERVICE_AMBIGUOUS",
    category: "invalid-argument",
    attempted: "find a node for",
    subject: service,
    found: "no definition names one, and there are several",
    remedy: "choose one with --node",
  });
}
