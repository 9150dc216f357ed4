import { formatDuration } from "@metacircular/mcp-core/duration.ts";
import { defaultHealth } from "@metacircular/mcp-core/spec.ts";

import type { Place, Report } from "../report.ts";
import { entryOf, isTrue, type Located, textOf, textsOf } from "./located.ts";

/** A health check as both compose and Quadlet declare it. */
export interface HealthCheck {
  readonly argv: readonly string[];
  readonly interval: string | undefined;
  readonly timeout: string | undefined;
  readonly startPeriod: string | undefined;
  readonly retries: string | undefined;
}

const unitsMs: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
};

/** `healthcheck` of a compose service, as `[components.health]`. */
export function healthOf(
  node: Located | undefined,
  key: string,
  report: Report,
): Record<string, unknown> | undefined {
  if (node === undefined || isTrue(entryOf(node, "disable"))) return undefined;
  const test = entryOf(node, "test");
  const words = textsOf(test);
  const [kind, ...rest] = test?.kind === "list" ? words : ["CMD-SHELL", ...words];
  if (kind === "NONE") return undefined;
  const argv = kind === "CMD" ? rest : kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...rest] : [];
  if (test === undefined || rest.length === 0 || argv.length === 0) {
    report.add("left-out", node.place, key, "it has no test that is understood");
    return undefined;
  }
  const value = (name: string): string | undefined => textOf(entryOf(node, name));
  const check: HealthCheck = {
    argv,
    interval: value("start_interval") ?? value("interval"),
    timeout: value("timeout"),
    startPeriod: value("start_period"),
    retries: value("retries"),
  };
  return healthTable(check, { place: node.place, key, report });
}

/** The table of a definition. How often a check may fail becomes the time allowed until it passes. */
export function healthTable(
  check: HealthCheck,
  { place, key, report }: { place: Place; key: string; report: Report },
): Record<string, unknown> {
  const duration = (name: string, text: string | undefined): number | undefined => {
    if (text === undefined) return undefined;
    const durationMs = durationMsOf(text);
    if (durationMs === undefined)
      report.add("left-out", place, `${key}.${name}`, `${JSON.stringify(text)} is not a duration`);
    return durationMs;
  };
  const intervalMs = duration("interval", check.interval);
  const timeoutMs = duration("timeout", check.timeout);
  const startMs = duration("start_period", check.startPeriod);
  const retries = Number(check.retries ?? 3);
  const allowedMs = (startMs ?? 0) + (Number.isInteger(retries) ? retries : 3) * (intervalMs ?? 0);
  const deadlineMs = Math.max(allowedMs, defaultHealth.deadlineMs);
  if (check.retries !== undefined || startMs !== undefined) {
    report.add(
      "changed",
      place,
      key,
      `retries and start period become the time allowed until healthy, ${formatDuration(deadlineMs)}`,
    );
  }
  return {
    cmd: [...check.argv],
    ...(intervalMs === undefined ? {} : { interval: formatDuration(intervalMs) }),
    ...(timeoutMs === undefined ? {} : { timeout: formatDuration(timeoutMs) }),
    ...(deadlineMs === defaultHealth.deadlineMs ? {} : { deadline: formatDuration(deadlineMs) }),
  };
}

/** Milliseconds of a duration such as `1m30s`, `1.5h` or `90`, which are seconds. */
function durationMsOf(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d+$/.test(trimmed)) return Number(trimmed) * 1_000;
  const parts = [...trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(d|h|ms|us|ns|min|m|sec|s)/g)];
  const understood =
    parts.map(([part]) => part).join("").length === trimmed.replaceAll(/\s+(?=\d)/g, "").length;
  if (parts.length === 0 || !understood) return undefined;
  const unit = (name: string): number => unitsMs[name === "min" ? "m" : name === "sec" ? "s" : name] ?? 0;
  return Math.round(parts.reduce((sum, [, amount, name = ""]) => sum + Number(amount) * unit(name), 0));
}
