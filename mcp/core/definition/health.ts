import type { ComponentSpec, HealthSpec } from "../spec.ts";
import { formatDuration } from "../duration.ts";
import { limits } from "./limits.ts";
import { type Path, type Problem, quote } from "./problem.ts";
import { checkCount, checkText, hasControlCharacter } from "./text.ts";

/** Allowed range of each duration, in milliseconds. */
const ranges = {
  interval: { field: "intervalMs", leastMs: 50, mostMs: 600_000 },
  timeout: { field: "timeoutMs", leastMs: 50, mostMs: 600_000 },
  deadline: { field: "deadlineMs", leastMs: 100, mostMs: 3_600_000 },
  settle: { field: "settleMs", leastMs: 0, mostMs: 3_600_000 },
} as const satisfies Record<string, { field: keyof HealthSpec; leastMs: number; mostMs: number }>;

/** What the probe looks at exists, and the durations make sense. */
export function checkHealth(component: ComponentSpec, path: Path): Problem[] {
  const at = [...path, "health"];
  return [...checkProbe(component, at), ...checkDurations(component.health, at)];
}

function checkProbe(component: ComponentSpec, path: Path): Problem[] {
  const { probe } = component.health;
  switch (probe.kind) {
    case "settle":
      return [];
    case "http":
      return [...checkHttpPath(probe.path, path), ...checkProbedRoute("http", probe.route, component, path)];
    case "tcp":
      return checkProbedRoute("tcp", probe.route, component, path);
    case "cmd":
      return checkCommand(probe.argv, [...path, "cmd"]);
  }
}

function checkHttpPath(text: string, path: Path): Problem[] {
  const at = [...path, "http"];
  const tooLong = checkText("health path", text, at);
  if (tooLong.length > 0) return tooLong;
  if (!text.startsWith("/")) {
    return [{ path: at, message: `health path ${quote(text)} does not start with "/" (e.g. "/healthz")` }];
  }
  if (hasControlCharacter(text) || /[\s#]/u.test(text)) {
    return [{ path: at, message: `health path ${quote(text)} contains white space or "#" (encode them)` }];
  }
  return [];
}

function checkProbedRoute(kind: string, route: string, component: ComponentSpec, path: Path): Problem[] {
  if (component.routes.length === 0) {
    const message = `health ${kind} needs a route to probe (add [[components.routes]], or use cmd)`;
    return [{ path: [...path, kind], message }];
  }
  if (route === "" || component.routes.some(({ name }) => name === route)) return [];
  const names = component.routes.map(({ name }) => name).filter((name) => name !== "");
  const known = names.length === 0 ? "this component has no named route" : `known: ${names.join(", ")}`;
  return [{ path: [...path, "route"], message: `health route ${quote(route)} does not exist (${known})` }];
}

function checkCommand(argv: readonly string[], path: Path): Problem[] {
  if (argv.length === 0 || argv[0] === "") {
    return [{ path, message: `health cmd is empty (e.g. ["/bin/check", "--quick"])` }];
  }
  const tooMany = checkCount("arguments in health cmd", argv.length, path, limits.arguments);
  if (tooMany.length > 0) return tooMany;
  return argv.flatMap((argument, index) => checkText("argument", argument, [...path, index], limits.value));
}

function checkDurations(health: HealthSpec, path: Path): Problem[] {
  const problems: Problem[] = [];
  for (const [key, { field, leastMs, mostMs }] of Object.entries(ranges)) {
    const durationMs = health[field];
    if (Number.isInteger(durationMs) && durationMs >= leastMs && durationMs <= mostMs) continue;
    const range = `${formatDuration(leastMs)} to ${formatDuration(mostMs)}`;
    problems.push({ path: [...path, key], message: `health ${key} is out of range (${range})` });
  }
  if (problems.length === 0 && health.probe.kind === "settle" && health.settleMs > health.deadlineMs) {
    const settle = formatDuration(health.settleMs);
    const deadline = formatDuration(health.deadlineMs);
    const message = `health settle ${settle} is longer than the deadline ${deadline} (raise deadline)`;
    problems.push({ path: [...path, "settle"], message });
  }
  return problems;
}
