import type { Environment } from "@metacircular/mcdsl/config/overrides.ts";
import { isAbsolute, join, resolve } from "node:path";

/** The state directory: as named, else `/var/lib/metacircular` for root and
 * `$XDG_STATE_HOME/metacircular` (default `~/.local/state`) for everyone else. */
export function stateDirectory(
  named: string | undefined,
  user: { readonly uid: number; readonly home: string },
  environment: Environment,
): string {
  if (named !== undefined) return resolve(named);
  if (user.uid === 0) return "/var/lib/metacircular";
  const xdg = environment["XDG_STATE_HOME"];
  // The specification: a relative path is invalid and is ignored.
  const base = xdg !== undefined && isAbsolute(xdg) ? xdg : join(user.home, ".local", "state");
  return join(base, "metacircular");
}
