import { routeVariable } from "../names.ts";
import type { ComponentSpec } from "../spec.ts";
import { limits } from "./limits.ts";
import { type Path, type Problem, quote } from "./problem.ts";
import { checkText } from "./text.ts";

export const environmentPattern = "^[A-Za-z_][A-Za-z0-9_]*=";
const variable = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** `KEY=VALUE` syntax, keys given twice, and keys that the agent sets itself. Values stay out of messages:
 * they may be secret. */
export function checkEnvironment(component: ComponentSpec, path: Path): Problem[] {
  const problems: Problem[] = [];
  const ours = new Set(component.routes.map((route) => routeVariable(route.name)));
  const seen = new Set<string>();
  for (const [position, entry] of component.env.entries()) {
    const at = [...path, "env", position];
    problems.push(...checkText("environment entry", entry, at, limits.value));
    const equals = entry.indexOf("=");
    if (equals < 0) {
      problems.push({ path: at, message: `environment entry without "=" (write "KEY=VALUE")` });
      continue;
    }
    const key = entry.slice(0, equals);
    if (!variable.test(key)) {
      problems.push({
        path: at,
        message: `environment variable ${quote(key)} is not a name (A-Z, a-z, 0-9 and "_", not starting with a digit)`,
      });
    } else if (seen.has(key)) {
      problems.push({ path: at, message: `environment variable "${key}" is given twice` });
    } else if (ours.has(key)) {
      problems.push({
        path: at,
        message: `environment variable "${key}" is set by the agent to the port of a route (remove it)`,
      });
    }
    seen.add(key);
  }
  return problems;
}
