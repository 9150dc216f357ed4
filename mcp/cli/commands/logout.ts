import type { Command } from "@commander-js/extra-typings";

import { openContext } from "../context.ts";
import type { Invocation } from "../invocation.ts";
import { connectIdentity } from "../session/identity.ts";
import { readTokenFile, removeTokenFile } from "../session/token-file.ts";

export function define(command: Command, invocation: Invocation): void {
  command.action(async (_, self) => {
    await using context = await openContext(self, invocation);
    const { config, output } = context;
    const stored = await readTokenFile(config.tokenFile);
    if (stored === undefined) return output.say("not logged in");
    // Forgotten here even where the identity service cannot be told.
    await removeTokenFile(config.tokenFile);
    const { identity } = connectIdentity(config, invocation);
    using client = identity;
    await client.revoke(
      stored.refreshToken === "" ? stored.accessToken : stored.refreshToken,
      invocation.signal,
    );
    output.say("logged out");
  });
}
