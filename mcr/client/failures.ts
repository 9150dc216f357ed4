import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { connectionFailure } from "@metacircular/mcdsl/http/connection-failure.ts";

/** No connection to the registry, or one that broke. */
export function unreachable(address: string, thrown: unknown): DetailedError {
  const failure = connectionFailure(address, thrown, "reach the registry");
  if (failure.code !== "UNREACHABLE") return failure;
  const { category, attempted, subject, found, remedy } = failure;
  return new DetailedError({
    ...{ code: "REGISTRY_UNREACHABLE", category, attempted, subject, found, remedy },
    cause: thrown,
  });
}

export function timedOut(address: string, timeoutMs: number, cause: unknown): DetailedError {
  return new DetailedError({
    code: "REGISTRY_UNREACHABLE",
    category: "unavailable",
    attempted: "reach the registry",
    subject: address,
    found: `no answer within ${timeoutMs} ms`,
    remedy: "check that it is running, its load, and the network between",
    cause,
  });
}

export function cancelled(address: string, cause: unknown): DetailedError {
  const details = { code: "CANCELLED", category: "cancelled", attempted: "ask the registry" } as const;
  return new DetailedError({ ...details, subject: address, found: "the request was cancelled", cause });
}

/** The registry wants to know who asks, and does not take the answer. */
export function notKnown(address: string, found: string): DetailedError {
  return new DetailedError({
    code: "REGISTRY_DENIED",
    category: "unauthenticated",
    attempted: "log in to the registry",
    subject: address,
    found,
    remedy: "log in again, or check the account and the password that are used for it",
  });
}

/** The registry knows who asks, and says no.
 * @param said the registry's own words; empty: none */
export function notAllowed(subject: string, said: string): DetailedError {
  return new DetailedError({
    code: "REGISTRY_DENIED",
    category: "permission-denied",
    attempted: "ask the registry for",
    subject,
    found: said === "" ? "this account may not do that" : said,
    remedy: "have the registry's rules allow it, or use another account",
  });
}

export function imageNotFound(subject: string): DetailedError {
  return new DetailedError({
    code: "IMAGE_NOT_FOUND",
    category: "not-found",
    attempted: "find image",
    subject,
    found: "the registry does not have it",
    remedy: "build and push it",
  });
}

/** The registry answers, but cannot do it now, or does not speak the protocol. */
export function failed(subject: string, status: number, said: string): DetailedError {
  return new DetailedError({
    code: "REGISTRY_FAILED",
    category: status === 429 ? "resource-exhausted" : "unavailable",
    attempted: "get an answer of the registry about",
    subject,
    found: `it answered with status ${status}${said === "" ? "" : `: ${said}`}`,
    remedy: status === 429 ? "wait, and try again" : "check the address, and the registry's log",
  });
}

export function answerInvalid(subject: string, what: string): DetailedError {
  return new DetailedError({
    code: "REGISTRY_FAILED",
    category: "unavailable",
    attempted: "get an answer of the registry about",
    subject,
    found: `it answered with ${what}`,
    remedy: "check the address, and the registry's log",
  });
}

const longestSaid = 300;

/** The words of the first error in a body of the form of the specification's "Error Codes"; empty: none. */
export function wordsIn(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString("utf8")) as { errors?: unknown };
    const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
    if (typeof first !== "object" || first === null) return "";
    const { code, message } = first as { code?: unknown; message?: unknown };
    const said = [message, code].find((part) => typeof part === "string" && part !== "");
    return typeof said === "string" ? said.replaceAll(/\p{Cc}+/gu, " ").slice(0, longestSaid) : "";
  } catch {
    return "";
  }
}
