import type { HandlerContext } from "@connectrpc/connect";
import { DetailedError } from "@metacircular/mcdsl/errors.ts";
import { callerOf } from "@metacircular/mcdsl/grpc/caller.ts";
import { callKey } from "@metacircular/mcdsl/grpc/handler-errors.ts";
import type { Action, Caller } from "../access/access.ts";
import type { Rules } from "../policy/rules.ts";
import { type Digest, parseDigest } from "../digest.ts";

type Context = Pick<HandlerContext, "values">;

/** Who calls, as the rules see it, and from where. */
export function requestOf(context: Context): { readonly caller: Caller; readonly address: string } {
  const { name, kind, roles } = callerOf(context);
  const peer = context.values.get(callKey)?.peer ?? "";
  return { caller: { name, kind, roles }, address: peer.replace(/:\d+$/u, "").replaceAll(/^\[|\]$/gu, "") };
}

/** @throws DetailedError PERMISSION_DENIED, which does not say whether there is such a repository */
export function requireAccess(
  rules: Pick<Rules, "explain">,
  caller: Caller,
  action: Action,
  repository: string,
): void {
  const { allowed, reason } = rules.explain(caller, action, repository);
  if (allowed) return;
  throw new DetailedError({
    code: "PERMISSION_DENIED",
    category: "permission-denied",
    attempted: action === "pull" ? "look into" : "delete in",
    subject: repository.slice(0, 255),
    found: `${caller.name} has no right to ${action} there: ${reason}`,
    remedy: "ask an administrator for a rule that allows it",
  });
}

/** @throws DetailedError DIGEST_INVALID */
export function requireDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest !== undefined) return digest;
  throw new DetailedError({
    code: "DIGEST_INVALID",
    category: "invalid-argument",
    attempted: "read digest",
    subject: JSON.stringify(text.slice(0, 160)),
    found: 'it is none: "sha256:" or "sha512:" and hexadecimal digits',
    remedy: "copy the whole digest",
  });
}
