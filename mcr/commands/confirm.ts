import { Option } from "@commander-js/extra-typings";
import type { CommandContext } from "./context.ts";

export function yesOption(): Option<"-y, --yes", undefined, boolean> {
  return new Option("-y, --yes", "do not ask").default(false);
}

/** Runs `body` where `yes` was given or somebody at the terminal agrees.
 * @throws DetailedError CONFIRMATION_NEEDED where there is neither */
export async function withConsent(
  { terminal }: CommandContext,
  question: string,
  yes: boolean,
  body: () => Promise<void>,
): Promise<void> {
  if (yes || (await terminal.confirm(question))) return body();
  terminal.say("Nothing was done.");
}
