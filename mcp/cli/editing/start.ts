import { DetailedError } from "@metacircular/mcdsl/errors.ts";

import type { Context } from "../context.ts";
import { registeredSpec } from "../definitions/registered.ts";
import { definitionText } from "../definitions/rewrite.ts";
import { locateService } from "../nodes/locate.ts";
import { definitionTemplate } from "./template.ts";

/** What editing begins with where there is no file: what the service's node has, else a template.
 * @throws DetailedError SERVICE_AMBIGUOUS, NODE_UNKNOWN */
export async function startingText(context: Context, service: string): Promise<string> {
  const { output } = context;
  try {
    const { node } = await locateService(context, service);
    const spec = await registeredSpec(context.nodes, node, service);
    output.say(`${service} has no definition file; starting from what ${node} has`);
    return definitionText(spec);
  } catch (thrown) {
    if (!(thrown instanceof DetailedError) || thrown.category === "invalid-argument") throw thrown;
    const meant = thrown.remedy.startsWith("did you mean") ? ` (${thrown.remedy})` : "";
    output.say(`${thrown.found}; starting from a template${meant}`);
    const { node: chosen } = context.globals;
    const nodes = chosen.length > 0 ? chosen : context.config.nodes.map(({ name }) => name);
    return definitionTemplate(service, nodes);
  }
}
