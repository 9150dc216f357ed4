import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { Identity } from "../auth/identity.ts";
import { DetailedError } from "../errors.ts";

/** Under this key the values of a call's context hold who calls. */
export const identityKey = createContextKey<Identity | undefined>(undefined, { description: "identity" });

/** Who calls. */
export function callerOf(context: Pick<HandlerContext, "values">): Identity {
  const identity = context.values.get(identityKey);
  if (identity !== undefined) return identity;
  throw new DetailedError({
    code: "INTERNAL",
    attempted: "tell who calls",
    found: "the call did not pass through the server that authenticates",
  });
}
