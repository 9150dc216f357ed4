import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "../errors.ts";

/** Something a service needs to do its work. Rejects, saying why, when it does not work. */
export type HealthCheck = (signal: AbortSignal) => void | Promise<void>;

export interface HealthReport {
  /** All checks passed: ready to serve. */
  readonly ready: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly message: string }[];
}

export interface Health {
  /** Runs all checks at once. */
  report(): Promise<HealthReport>;
}

/** @param options.timeoutMs time for one check; one that takes longer has failed. Default 2 s */
export function createHealth(
  checks: Readonly<Record<string, HealthCheck>>,
  options: { timeoutMs?: number } = {},
): Health {
  const timeoutMs = options.timeoutMs ?? 2_000;
  return {
    async report() {
      const results = await Promise.all(
        Object.entries(checks).map(async ([name, check]) => ({ name, ...(await run(check, timeoutMs)) })),
      );
      return { ready: results.every(({ ok }) => ok), checks: results };
    },
  };
}

async function run(check: HealthCheck, timeoutMs: number): Promise<{ ok: boolean; message: string }> {
  const signal = AbortSignal.timeout(timeoutMs);
  const late = Promise.withResolvers<never>();
  const onAbort = (): void => late.reject(new Error(`no answer within ${timeoutMs} ms`));
  signal.addEventListener("abort", onAbort);
  try {
    await Promise.race([(async () => check(signal))(), late.promise]);
    return { ok: true, message: "" };
  } catch (thrown) {
    return { ok: false, message: messageOf(thrown) };
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Answers `GET /healthz` with 200, or with 503 when a check fails, and a JSON object of the checks by name.
 * It is open to everyone, so it says which check failed but not why.
 * @returns false when the request is for something else and was not answered */
export function healthHandler(
  health: Health,
): (request: IncomingMessage, response: ServerResponse) => Promise<boolean> {
  return async (request, response) => {
    if (request.url?.split("?", 1)[0] !== "/healthz") return false;
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
      return true;
    }
    const report = await health.report();
    const checks = Object.fromEntries(report.checks.map(({ name, ok }) => [name, ok ? "ok" : "failing"]));
    const body = JSON.stringify({ status: report.ready ? "ok" : "failing", checks });
    response.writeHead(report.ready ? 200 : 503, {
      "content-type": "application/json",
      "cache-control": "no-store",
    });
    response.end(request.method === "HEAD" ? undefined : `${body}\n`);
    return true;
  };
}
