import { DetailedError } from "../errors.ts";

/** Where nobody can be asked. */
export function confirmationNeeded(question: string): DetailedError {
  return new DetailedError({
    code: "CONFIRMATION_NEEDED",
    category: "invalid-argument",
    attempted: "go on without an answer to",
    subject: JSON.stringify(question),
    found: "there is no terminal to ask on",
    remedy: "add --yes",
  });
}
