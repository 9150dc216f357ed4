import type { ComponentChange } from "@metacircular/proto/gen/mcp/v1/mcp_pb.ts";

import { plain } from "../output/table.ts";

/** An image that is built before a deploy. */
export interface MadeImage {
  readonly image: string;
  /** Whether the deploy goes from another image of that name to this one: it is told to pull, or the node is the machine
   * where the image gets its name. */
  readonly isTaken: boolean;
}

/** What of a plan can be known only after the builds before it, or does not follow from them. Pure. */
export function buildNotes(
  { node, components }: { node: string; components: readonly { name: string; image: string }[] },
  made: readonly MadeImage[],
  changes: readonly Pick<ComponentChange, "component" | "action" | "fields">[],
): string[] {
  return components.flatMap(({ name, image }) => {
    const build = made.find((each) => each.image === image);
    const change = changes.find(({ component }) => component === name);
    if (build === undefined || (change !== undefined && isSettled(change))) return [];
    if (build.isTaken)
      return [`${name} is replaced only if the image that is built differs from the one that runs`];
    const kept = `${name} goes on with the image that ${node} has as ${plain(image)}, if it has one`;
    return [`${kept}; to have it run the one that is built, add --pull`];
  });
}

/** Whether the image that is built makes no difference to what is done. */
function isSettled({ action, fields }: Pick<ComponentChange, "action" | "fields">): boolean {
  if (action === "replace")
    return !fields.every(({ field, after }) => field === "image" && after.endsWith("(to be built)"));
  return ["create", "stop", "remove"].includes(action);
}
