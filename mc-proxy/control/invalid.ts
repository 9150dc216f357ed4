import { DetailedError } from "@metacircular/mcdsl/errors.ts";

/** All that is wrong with a request. */
export function invalid(
  code: "ROUTE_INVALID" | "FIREWALL_RULE_INVALID" | "BACKEND_INVALID",
  attempted: string,
  subject: string,
  problems: readonly string[],
): DetailedError {
  return new DetailedError({
    code,
    category: "invalid-argument",
    attempted,
    // What was asked for may be long, and hold anything.
    subject: subject.slice(0, 300).replaceAll(/\p{Cc}/gu, "?"),
    found: problems.join("; "),
    facts: { problems: String(problems.length) },
  });
}
