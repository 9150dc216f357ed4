import type { IncomingMessage } from "node:http";
import { DetailedError } from "../errors.ts";
import { sameSecret } from "./form-guard.ts";
import { isSameOrigin } from "./same-origin.ts";
import type { Session } from "./sessions.ts";

/** Returns where a form that changes something comes from a page that this session was shown.
 * @throws DetailedError FORM_REFUSED */
export function requireOwnForm(
  request: IncomingMessage,
  session: Session<unknown>,
  form: ReadonlyMap<string, string>,
): void {
  if (isSameOrigin(request) && sameSecret(session.formToken, form.get("form_token") ?? "")) return;
  throw formRefused();
}

export function formRefused(): DetailedError {
  return new DetailedError({
    code: "FORM_REFUSED",
    category: "permission-denied",
    attempted: "take the form",
    found: "it does not come from a page of this service that this browser was shown, or the page is too old",
    remedy: "open the page again and send it once more; nothing has been changed",
  });
}
