import type { Action } from "../access/access.ts";
import { isRepositoryName } from "../names.ts";
import type { TokenAccess } from "./registry-tokens.ts";

const ACTIONS: readonly Action[] = ["pull", "push", "delete"];
/** So that a token fits into a header. */
const MAX_SCOPES = 20;
/** What a client asks a token for: `repository:team/app:pull,push`, `registry:catalog:*`, several in one text between
 * spaces or in several texts (Docker's token scope documentation). `*` stands for all actions. What is not known is
 * left out, as is all after the first twenty: it is granted to nobody. */
export function requestedAccess(scopes: readonly string[]): TokenAccess {
  const wanted = scopes.flatMap((text) => text.split(" ").filter((scope) => scope !== ""));
  const repositories = new Map<string, Set<Action>>();
  let catalog = false;
  for (const scope of wanted.slice(0, MAX_SCOPES)) {
    catalog ||= scope === "registry:catalog:*";
    const found = repositoryScope(scope);
    if (found === undefined) continue;
    const actions = repositories.get(found.repository) ?? new Set();
    for (const action of found.actions) actions.add(action);
    repositories.set(found.repository, actions);
  }
  return { catalog, repositories };
}

/** A name may have a colon only where it begins with a host and port, which ours do not. */
function repositoryScope(scope: string): { repository: string; actions: Action[] } | undefined {
  const [type, repository = "", actions = "", ...rest] = scope.split(":");
  if (type !== "repository" || rest.length > 0) return undefined;
  if (!isRepositoryName(repository)) return undefined;
  const named = actions.split(",");
  return { repository, actions: ACTIONS.filter((action) => named.includes("*") || named.includes(action)) };
}
