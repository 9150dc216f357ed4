import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { type JsonResponse, requestJson } from "@metacircular/mcdsl/http/json-client.ts";
import { type Finding, fine, type Judgement, named, problem } from "@metacircular/mcp-core/doctor/finding.ts";

import type { CliConfig } from "../config/load.ts";
import type { Invocation } from "../invocation.ts";
import { judgeOffset, leastOffsetMs } from "./clock-offset.ts";

const timeoutMs = 5_000;

/** Whether the identity service answers, is the one that is configured, and has the same time. */
export async function examineIdentityService(
  { issuer, caFile }: CliConfig["identity"],
  { clock, signal }: Invocation,
): Promise<Finding[]> {
  if (issuer === undefined) return [];
  const askedAtMs = clock.now();
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  try {
    const response = await requestJson({ url, caFile, timeoutMs, signal });
    const ours = { askedAtMs, answeredAtMs: clock.now() };
    const theirs = Date.parse(response.headers.date ?? "");
    const offset = Number.isNaN(theirs)
      ? []
      : [judgeOffset(issuer, leastOffsetMs({ nowMs: theirs, resolutionMs: 1_000 }, ours))];
    return [...named("identity-service", [judgeDiscovery(issuer, response)]), ...named("clock", offset)];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DetailedError)) throw error;
    const check =
      error.code === "UNREACHABLE" || error.code === "TIMEOUT" ? "reachability" : "identity-service";
    return named(check, [problem(issuer, error.found, error.remedy)]);
  }
}

export function judgeDiscovery(
  issuer: string,
  { status, body }: Pick<JsonResponse, "status" | "body">,
): Judgement {
  if (status !== 200) {
    return problem(
      issuer,
      `it answered ${status} instead of its OpenID configuration`,
      "correct server_url in [mcias]",
    );
  }
  const named = typeof body === "object" && body !== null && "issuer" in body ? body.issuer : undefined;
  if (named === issuer) return fine(issuer, "it answers");
  if (typeof named !== "string") {
    return problem(issuer, "it is no identity service", "correct server_url in [mcias]");
  }
  return problem(
    issuer,
    `it calls itself ${named}, and so do its tokens`,
    `write server_url = "${named}" in [mcias]`,
  );
}
