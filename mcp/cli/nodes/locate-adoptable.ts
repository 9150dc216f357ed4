import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import type { AdoptResponse } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import type { Context } from "../context.ts";
import { findUsable, namedNode, severalNodesHave } from "./locate.ts";
import type { Answers, NodeFailure, Question } from "./nodes.ts";

/** The node whose containers a service takes over: the one in --node, else the one that its definition names, else
 * the only one there is, else the one that has such containers.
 * @param preview what each node would take over
 * @throws DetailedError SERVICE_AMBIGUOUS, NODE_UNKNOWN, and what the nodes answer where none has any */
export async function locateAdoptable(
  context: Context,
  service: string,
  preview: Question<AdoptResponse>,
): Promise<string> {
  const { loaded } = await findUsable(context, service);
  const [only, ...more] = context.config.nodes;
  const named =
    namedNode(context, service, loaded) ?? (more.length === 0 && only !== undefined ? only.name : undefined);
  if (named !== undefined) return named;
  const asked = await context.nodes.ask(preview);
  const [node, ...others] = asked.answers.map((answer) => answer.node);
  if (node !== undefined && others.length === 0) return node;
  if (node !== undefined) throw severalNodesHave(service, [node, ...others]);
  throw noneHas(service, asked);
}

/** A node that did not answer matters more than those that have none. */
function noneHas(service: string, { failures }: Answers<AdoptResponse>): DetailedError {
  const silent = failures.find(({ error }) => error.code !== "NOTHING_TO_ADOPT");
  if (silent !== undefined) return silent.error;
  return new DetailedError({
    code: "NOTHING_TO_ADOPT",
    category: "not-found",
    attempted: "adopt the containers of",
    subject: service,
    found: failures.map(({ node, error }: NodeFailure) => `${node}: ${error.found}`).join("\n"),
    remedy: failures[0]?.error.remedy ?? "",
  });
}
